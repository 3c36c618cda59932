/* SPDX-License-Identifier: MIT */
#ifndef KEYWARD_OPERATIONS_EVENT_COPY_H
#define KEYWARD_OPERATIONS_EVENT_COPY_H

#include <keyward/keyward.h>

#define SEALED_HASH_BYTES 32

/* Turns what the event points to into copies that hang on `result`; false when there is no memory
 * for one of them. */
bool event_keep(void *result, keyward_event *event);

#endif
