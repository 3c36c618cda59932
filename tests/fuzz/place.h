/* SPDX-License-Identifier: MIT */
/* A folder for a fuzzer's files, in memory where the system has one that is, and gone at the end.
 * What a fuzzer draws is the same in every run of an input: randomness counts from a seed. */
#ifndef KEYWARD_TESTS_FUZZ_PLACE_H
#define KEYWARD_TESTS_FUZZ_PLACE_H

#include <stddef.h>

/* Makes the folder at the first call. */
const char *place_folder(void);

/* Removes all that is in a folder, and in those in it. */
void place_empty(const char *folder);

void place_write(const char *path, const void *bytes, size_t length);

/* The whole file, malloc'd. */
unsigned char *place_read(const char *path, size_t *length);

/* The store's file and what SQLite keeps beside it. */
void place_remove_store(const char *path);

/* From here on libsodium's randomness is a sequence of its own. */
void place_seed(unsigned seed);

#endif
