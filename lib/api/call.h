/* SPDX-License-Identifier: MIT */
/*
 * How every public function begins and ends.
 *
 * Between the two the thread is not cancelled: cancellation waits until the call is done, for a
 * thread cut off in the middle of a flush would leave its locks behind, and its secrets.
 */
#ifndef KEYWARD_API_CALL_H
#define KEYWARD_API_CALL_H

#include "api/store.h"

/* Starts the thread's error record for the store (NULL: for none). */
struct error *call_begin(const keyward *store);

/* Closes the record with what the call returns, and returns it. */
enum keyward_status call_end(struct error *error, enum keyward_status status);

#endif
