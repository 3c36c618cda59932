/* SPDX-License-Identifier: MIT */
#include "api/call.h"

#include <pthread.h>

struct error *call_begin(const keyward *store)
{
    struct error *error = error_begin(store ? store->stamp : 0);

    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &error->cancel_state);
    return error;
}

enum keyward_status call_end(struct error *error, enum keyward_status status)
{
    int cancel_state = error->cancel_state;

    error_end(error, status);
    pthread_setcancelstate(cancel_state, NULL);
    return status;
}
