/* SPDX-License-Identifier: MIT */
/* What a stranger's program does with keyward, in C as in C++: a store of its own in the folder it
 * is started in, and a key that lives and dies there. Silent, unless a call comes to something
 * else. */
#include <keyward/keyward.h>

#include <stdio.h>
#include <string.h>

static int wrong;

static void expect(const char *what, enum keyward_status wanted, enum keyward_status status)
{
    if (status == wanted)
        return;
    fprintf(stderr, "%s: \"%s\" instead of \"%s\"\n", what, keyward_status_text(status),
            keyward_status_text(wanted));
    wrong = 1;
}

static void live_and_die(keyward *store)
{
    static keyward_actor host, alice;
    static keyward_new_key ci;
    static keyward_deletion deletion;
    static keyward_identity identity;
    keyward_key *key = NULL;
    keyward_secret *secret = NULL;
    enum keyward_status status;

    host.is_host = true;
    alice.user_id = "alice";
    ci.name = "CI";
    deletion.reason = KEYWARD_REASON_ROTATED;

    expect("create without a right", KEYWARD_FORBIDDEN,
           keyward_create_key(store, &alice, "repo-1", &ci, &key, &secret));
    expect("grant", KEYWARD_OK, keyward_grant(store, &host, "repo-1", "alice", KEYWARD_WRITER));
    status = keyward_create_key(store, &alice, "repo-1", &ci, &key, &secret);
    expect("create", KEYWARD_OK, status);
    if (status != KEYWARD_OK)
        return;

    expect("authenticate", KEYWARD_OK,
           keyward_authenticate(store, key->access_key, secret->text, secret->length, &identity));
    expect("delete", KEYWARD_OK, keyward_delete_key(store, &alice, "repo-1", key->id, &deletion));
    expect("delete again", KEYWARD_ALREADY_DELETED,
           keyward_delete_key(store, &alice, "repo-1", key->id, NULL));
    expect("authenticate with what is deleted", KEYWARD_REFUSED,
           keyward_authenticate(store, key->access_key, secret->text, secret->length, &identity));

    keyward_secret_free(&secret);
    keyward_key_free(&key);
}

int main(void)
{
    keyward_options options = KEYWARD_OPTIONS_INIT;
    keyward *store = NULL;

    if (strcmp(keyward_version(), KEYWARD_VERSION) != 0) {
        fprintf(stderr, "a header of %s and a library of %s\n", KEYWARD_VERSION, keyward_version());
        return 1;
    }
    expect("create a master key", KEYWARD_OK, keyward_create_master_key_file("master.key"));
    options.master_key_file = "master.key";
    expect("open", KEYWARD_OK, keyward_open(&store, "keys.db", &options));
    if (store)
        live_and_die(store);
    keyward_close(&store);
    return wrong;
}
