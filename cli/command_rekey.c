/* SPDX-License-Identifier: MIT */
/* rekey: another master key, or another data key. */
#include "commands.h"
#include "failure.h"
#include "json.h"
#include "secret_input.h"

#include <stdio.h>

static enum keyward_status check_options(struct session *session)
{
    bool data_key_only = option_given(session, OPTION_DATA_KEY_ONLY);
    int ways = master_key_ways(session, &new_master_key_source);

    if (data_key_only && ways > 0)
        return fail_usage("--data-key-only keeps the master key");
    if (!data_key_only && ways == 0)
        return fail_usage("say where the new master key is, as with --new-master-key-file");
    if (option_given(session, OPTION_MASTER_KEY_STDIN) &&
        option_given(session, OPTION_NEW_MASTER_KEY_STDIN))
        return fail_usage("standard input cannot be both master keys");
    return KEYWARD_OK;
}

/* The new key's file is made if it is missing. It stays whatever happens then: a key that might be
 * in use is never removed. */
static enum keyward_status make_file(struct session *session, bool *made)
{
    const char *path = option_text(session, OPTION_NEW_MASTER_KEY_FILE);
    enum keyward_status status = path ? keyward_create_master_key_file(path) : KEYWARD_EXISTS;

    *made = status == KEYWARD_OK;
    if (*made)
        tell(session, "made the master key %s: keep a copy apart", path);
    return status == KEYWARD_EXISTS ? KEYWARD_OK : checked(NULL, status);
}

static void print_master_key(const struct session *session, bool made)
{
    const char *path = option_text(session, OPTION_NEW_MASTER_KEY_FILE),
               *old = session->options.master_key_file;

    if (session->json) {
        json_t *object = json_success();
        json_put_text(object, "master_key_file", path);
        json_put(object, "made_master_key", json_boolean(made));
        json_print(&object, stdout);
        return;
    }
    tell(session, "%s is the master key of %s from now on%s", path ? path : "what you gave",
         session->store_path, path ? "; name it with --master-key-file" : "");
    tell(session,
         "%s opens this store no more, but still opens the backups made until now: keep it as "
         "long as those",
         old ? old : "The old one");
}

static enum keyward_status change_master_key(struct session *session)
{
    struct secret_buffer *key = NULL;
    keyward_master_key master_key = {.file = option_text(session, OPTION_NEW_MASTER_KEY_FILE)};
    bool made = false;
    enum keyward_status status = master_key_read(session, &new_master_key_source, &key);

    if (status == KEYWARD_OK)
        status = make_file(session, &made);
    if (status == KEYWARD_OK) {
        master_key.key = key ? (const unsigned char *)key->text : NULL;
        status = checked(session->store,
                         keyward_change_master_key(session->store, &session->actor, &master_key));
    }
    secret_buffer_give(&key);
    if (status == KEYWARD_OK)
        print_master_key(session, made);
    return status;
}

static enum keyward_status create_data_key(struct session *session)
{
    enum keyward_status status =
        checked(session->store, keyward_create_data_key(session->store, &session->actor));

    if (status == KEYWARD_OK && session->json) {
        json_t *object = json_success();
        json_print(&object, stdout);
    }
    if (status == KEYWARD_OK)
        tell(session, "new secrets are sealed with a new data key; the master key stays");
    return status;
}

static enum keyward_status run_rekey(struct session *session)
{
    enum keyward_status status = check_options(session);

    if (status == KEYWARD_OK)
        status = session_open(session);
    if (status != KEYWARD_OK)
        return status;
    return option_given(session, OPTION_DATA_KEY_ONLY) ? create_data_key(session)
                                                       : change_master_key(session);
}

const struct command command_rekey = {
    .name = "rekey",
    .usage = {"--new-master-key-file FILE", "--data-key-only"},
    .summary = "change the master key",
    .help = "Puts the store under another master key, wholly or not at all; no secret changes.\n"
            "Programs that have the store open must open it again, with the new key. The old key\n"
            "is refused from then on, but backups made before still open with it alone: keep it\n"
            "as long as you keep those. With --data-key-only the master key stays, and secrets\n"
            "to come are sealed with a new data key.\n"
            "The new key may also come from a descriptor, standard input or the terminal; then\n"
            "keeping it is your affair.\n",
    .least = 0,
    .most = 0,
    .run = run_rekey,
    .options = {OPTION_NEW_MASTER_KEY_FILE, OPTION_NEW_MASTER_KEY_FD, OPTION_NEW_MASTER_KEY_STDIN,
                OPTION_NEW_MASTER_KEY_PROMPT, OPTION_DATA_KEY_ONLY},
};
