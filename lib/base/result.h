/* SPDX-License-Identifier: MIT */
/*
 * What the library hands out: an object and everything it points to, freed as one.
 *
 * The object is the public struct; its memory hangs on a header in front of it.
 */
#ifndef KEYWARD_BASE_RESULT_H
#define KEYWARD_BASE_RESULT_H

#include <stdbool.h>
#include <stddef.h>

/* A zeroed object of `size` bytes, or NULL. */
void *result_new(size_t size);

/* Zeroed memory that lives as long as `result`, or NULL. */
void *result_alloc(void *result, size_t size);

/* A copy of `length` bytes with a NUL behind them, or NULL for no memory; NULL for NULL. */
void *result_copy(void *result, const void *bytes, size_t length);

/* A copy of a text, NULL for NULL; `*complete` turns false when there is no memory for it, so that
 * several can be asked about at once. */
const char *result_keep(void *result, const char *text, bool *complete);

/* Frees the object and all that hangs on it; NULL is fine. */
void result_free(void *result);

#endif
