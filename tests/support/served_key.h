/* SPDX-License-Identifier: MIT */
/* A server on a store with one key, for suites that ask it. */
#ifndef KEYWARD_TESTS_SERVED_KEY_H
#define KEYWARD_TESTS_SERVED_KEY_H

#include "support/server.h"

extern struct fixture f;
extern struct server *server;
extern keyward_key *key; /* "CI" of "repo-1", made by the host (event 5) */
extern keyward_secret *secret;

/* The store and the key; open_fixture() also starts the server, which must never show the secret.
 */
void open_store(void);
void open_fixture(void);

/* Stops the server, if there is one, and checks the store. */
void close_fixture(void);

#endif
