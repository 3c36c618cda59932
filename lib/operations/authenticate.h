/* SPDX-License-Identifier: MIT */
/* Telling what a live key opens. */
#ifndef KEYWARD_OPERATIONS_AUTHENTICATE_H
#define KEYWARD_OPERATIONS_AUTHENTICATE_H

#include "transaction/transaction.h"

struct authentication {
    const char *access_key;
    const char *secret;
    size_t secret_length;
    int64_t now;                /* by the store's clock */
    keyward_identity *identity; /* out, on KEYWARD_OK */
    enum keyward_cause cause;   /* out, on KEYWARD_REFUSED */
    int64_t deleted_at;         /* out, for KEYWARD_CAUSE_DELETED and _PURGED */
    int64_t deleted_event;      /* out, likewise */
    int64_t expired_at;         /* out, for KEYWARD_CAUSE_EXPIRED */
};

/* A look-up of one statement: KEYWARD_OK, KEYWARD_REFUSED or the disk's codes. */
enum keyward_status authenticate(struct transaction *transaction, void *request);

#endif
