/* SPDX-License-Identifier: MIT */
/* The schema: the steps of schema/, replayed in order on a new store, the rest on an older one. */
#ifndef KEYWARD_CONNECTION_SCHEMA_H
#define KEYWARD_CONNECTION_SCHEMA_H

#include "connection/connection.h"

/* The schema version this library reads and writes: how many steps there are. */
int schema_newest_version(void);

/* The store's version, 0 for a new one: KEYWARD_OK, KEYWARD_NEWER_SCHEMA or the disk's codes. */
enum keyward_status schema_read_version(struct connection *connection, int *version);

/* Brings the store up to date, each step and its version in one transaction. KEYWARD_OK,
 * KEYWARD_NEWER_SCHEMA or the disk's codes. */
enum keyward_status schema_upgrade(struct connection *connection);

/* The same up to `version` only: how a test makes an old store. */
enum keyward_status schema_upgrade_to(struct connection *connection, int version);

#endif
