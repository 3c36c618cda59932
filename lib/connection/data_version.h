/* SPDX-License-Identifier: MIT */
/*
 * Telling at almost no cost whether anything in the store has changed, by whomever.
 *
 * SQLite's own readers decide at each transaction start whether the file has changed by comparing
 * the header of the WAL index, which lies in memory shared by all processes (SQLite's "WAL-mode
 * File Format", section 2: 48 bytes, written twice, the second copy first). Every commit changes it
 * before the commit returns; so whoever sees the bytes he saw before sees the same store.
 */
#ifndef KEYWARD_CONNECTION_DATA_VERSION_H
#define KEYWARD_CONNECTION_DATA_VERSION_H

#include "connection/connection.h"

#define DATA_VERSION_WORDS 12

struct data_version {
    uint32_t words[DATA_VERSION_WORDS];
};

/* Where the header lies for as long as the connection is open. It must have read once. NULL when
 * SQLite has no such memory: then there is no way to tell, and nothing may be remembered. */
const volatile uint32_t *data_version_locate(struct connection *connection);

/* Reads the version; false while a writer is changing it. May be called by any thread at any time.
 */
bool data_version_read(const volatile uint32_t *header, struct data_version *version);

bool data_version_equal(const struct data_version *a, const struct data_version *b);

#endif
