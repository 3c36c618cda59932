/* SPDX-License-Identifier: MIT */
/*
 * The detail behind a status, one record a thread.
 *
 * A public function begins by starting its thread's record anew for its store and passes the
 * pointer down, so that whoever does the work (perhaps another thread) writes into the caller's
 * record. The text buffer is part of it: nothing is allocated while failing.
 */
#ifndef KEYWARD_BASE_ERROR_H
#define KEYWARD_BASE_ERROR_H

#include <keyward/keyward.h>

struct error {
    keyward_error detail;
    uint64_t store_stamp; /* which store the call was on; 0: none */
    char text[256];
    int cancel_state; /* of the thread, as it was before the call */
};

/* Starts this thread's record anew for the store with this stamp. Never fails. */
struct error *error_begin(uint64_t store_stamp);

/* A number by which threads can be kept apart: where the thread's record is, in pages. */
size_t error_place(const struct error *error);

/* Forgets what the record says of an attempt that is made again. */
void error_reset(struct error *error);

/* Tells another caller of the same failure; each record keeps the store it is about. */
void error_copy(struct error *to, const struct error *from);

/* This thread's record if its last call was on that store, else a record that says KEYWARD_OK. */
const keyward_error *error_of_thread(uint64_t store_stamp);

/* Records the failure and returns `status`. The text names what a caller can act on. */
enum keyward_status error_set(struct error *error, enum keyward_status status, const char *format,
                              ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 3, 4)))
#endif
    ;

/* Tells when and by which event the key had been deleted. */
void error_note_deletion(struct error *error, int64_t deleted_at, int64_t event);

/* Closes the record with what the call returns; a status without a text of its own gets the
 * standard one. Returns `status`. */
enum keyward_status error_end(struct error *error, enum keyward_status status);

#endif
