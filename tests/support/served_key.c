/* SPDX-License-Identifier: MIT */
#include "support/served_key.h"

struct fixture f;
struct server *server;
keyward_key *key;
keyward_secret *secret;

void open_store(void)
{
    server_fixture_open(&f);
    key = make_key(&f, "repo-1", "CI", &secret);
}

void open_fixture(void)
{
    open_store();
    server = SERVER_START(&f, NULL);
    server_guard(server, secret->text);
}

void close_fixture(void)
{
    server_stop(&server);
    assert_sound(&f);
    keyward_key_free(&key);
    keyward_secret_free(&secret);
    fixture_close(&f);
}
