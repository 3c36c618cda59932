/* SPDX-License-Identifier: MIT */
/* Who may do what in a repository: granted, revoked, listed. */
#include "support/fixture.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define START INT64_C(1700000000000) /* where the fixture's clock stands */
#define COUNT(array) (sizeof(array) / sizeof *(array))

static struct fixture f;

static void open_fixture(void)
{
    fixture_open(&f);
}

static void close_fixture(void)
{
    fixture_close(&f);
}

/* ---- what stands in the file ---- */

#define LAST_EVENT                                                                           \
    "SELECT sequence||'|'||at||'|'||action||'|'||ifnull(actor_id,'-')||'|'||repo_id||'|'||"  \
    "ifnull(user_id,'-')||'|'||ifnull(role,'-')||'|'||ifnull(reason_text,'-')||'|'||"        \
    "ifnull(request_id,'-')||'|'||ifnull(client_address,'-')||'|'||ifnull(user_agent,'-')||" \
    "(key_id IS NULL AND name IS NULL AND previous_name IS NULL AND provider IS NULL AND"    \
    " reason IS NULL AND sealed_sha256 IS NULL) FROM audit_events ORDER BY sequence DESC LIMIT 1"

/* Of the fixture's repository, by user. */
#define ROLES                                      \
    "SELECT group_concat(user_id||':'||role) FROM" \
    " (SELECT * FROM access WHERE repo_id = 'repo-1' ORDER BY user_id)"

static const char roles_at_first[] = "anna:admin,rita:reader,will:writer";

#define assert_row(...) assert_row_of(f.path, __VA_ARGS__)

/* The last event is number `sequence`, of an actor who tells no more than his name. */
static void assert_last_event(int64_t sequence, const char *action, const char *actor,
                              const char *repo_id, const char *user_id, const char *role)
{
    assert_row(LAST_EVENT, "%lld|%lld|%s|%s|%s|%s|%s|-|-|-|-1", (long long)sequence,
               (long long)f.now, action, actor, repo_id, user_id, role);
}

/* ---- calls ---- */

static void assert_grant(const keyward_actor *actor, const char *repo_id, const char *user_id,
                         enum keyward_role role, enum keyward_status wanted)
{
    assert_status(f.store, keyward_grant(f.store, actor, repo_id, user_id, role), wanted);
    ck_assert_int_eq(keyward_last_error(f.store)->status, wanted);
    ck_assert_str_eq(keyward_last_error(f.store)->message, keyward_status_text(wanted));
}

static void assert_revoke(const keyward_actor *actor, const char *repo_id, const char *user_id,
                          enum keyward_status wanted)
{
    assert_status(f.store, keyward_revoke(f.store, actor, repo_id, user_id), wanted);
    ck_assert_int_eq(keyward_last_error(f.store)->status, wanted);
    ck_assert_str_eq(keyward_last_error(f.store)->message, keyward_status_text(wanted));
}

static keyward_user_list *users_of(const char *repo_id, const keyward_user_query *query)
{
    keyward_user_list *users;

    assert_status(f.store, keyward_list_users(f.store, &host, repo_id, query, &users), KEYWARD_OK);
    return users;
}

/* ---- granting ---- */

START_TEST(the_first_grant_begins_the_repository)
{
    const keyward_actor newcomer = {.user_id = "newcomer"};

    assert_grant(&newcomer, "repo-2", "newcomer", KEYWARD_ADMIN, KEYWARD_FORBIDDEN);
    f.now++;
    assert_grant(&host, "repo-2", "newcomer", KEYWARD_ADMIN, KEYWARD_OK);
    assert_last_event(5, "access.granted", "-", "repo-2", "newcomer", "admin");
    assert_row("SELECT user_id||role||granted_at FROM access WHERE repo_id = 'repo-2'",
               "newcomeradmin%lld", (long long)START + 1);
    assert_grant(&newcomer, "repo-2", "second", KEYWARD_READER, KEYWARD_OK);
    assert_row(ROLES, "%s", roles_at_first);
    assert_sound(&f);
}
END_TEST

START_TEST(an_admin_gives_every_role)
{
    static const char *const words[] = {"", "reader", "writer", "admin"};
    const enum keyward_role role = (enum keyward_role)_i;

    f.now += 9;
    assert_grant(&anna, "repo-1", "zoe", role, KEYWARD_OK);
    assert_last_event(4, "access.granted", "anna", "repo-1", "zoe", words[_i]);
    assert_row(ROLES, "%s,zoe:%s", roles_at_first, words[_i]);
    assert_row("SELECT granted_at FROM access WHERE user_id = 'zoe'", "%lld", (long long)f.now);
}
END_TEST

START_TEST(a_grant_replaces_the_role_he_had)
{
    f.now += 1000;
    assert_grant(&anna, "repo-1", "rita", KEYWARD_WRITER, KEYWARD_OK);
    assert_last_event(4, "access.granted", "anna", "repo-1", "rita", "writer");
    assert_row(ROLES, "anna:admin,rita:writer,will:writer");
    assert_row("SELECT granted_at FROM access WHERE user_id = 'rita'", "%lld", (long long)f.now);
    f.now += 1000;
    assert_grant(&anna, "repo-1", "will", KEYWARD_READER, KEYWARD_OK);
    assert_last_event(5, "access.granted", "anna", "repo-1", "will", "reader");
    assert_row(ROLES, "anna:admin,rita:writer,will:reader");
    assert_row("SELECT granted_at FROM access WHERE user_id = 'anna'", "%lld", (long long)START);
}
END_TEST

START_TEST(a_role_he_had_writes_nothing)
{
    f.now += 1000;
    assert_grant(&anna, "repo-1", "rita", KEYWARD_READER, KEYWARD_OK);
    assert_grant(&anna, "repo-1", "anna", KEYWARD_ADMIN, KEYWARD_OK);
    assert_grant(&host, "repo-1", "will", KEYWARD_WRITER, KEYWARD_OK);
    ck_assert_int_eq(count_events(f.path), 3);
    assert_row(ROLES, "%s", roles_at_first);
    assert_row("SELECT max(granted_at) FROM access", "%lld", (long long)START);
}
END_TEST

/* Who may neither grant nor revoke, where. */
static const struct {
    const keyward_actor *actor;
    const char *repo_id;
} below_admin[] = {
    {&will, "repo-1"}, {&rita, "repo-1"}, {&nobody, "repo-1"}, {&anna, "no repository"}};

START_TEST(granting_is_refused_below_the_admin)
{
    for (size_t i = 0; i < COUNT(below_admin); i++) {
        f.now++;
        assert_grant(below_admin[i].actor, below_admin[i].repo_id, "zoe", KEYWARD_WRITER,
                     KEYWARD_FORBIDDEN);
        assert_last_event((int64_t)i + 4, "access.grant_denied", below_admin[i].actor->user_id,
                          below_admin[i].repo_id, "zoe", "writer");
    }
    assert_row(ROLES, "%s", roles_at_first);
    assert_sound(&f);
}
END_TEST

START_TEST(nobody_raises_himself)
{
    assert_grant(&will, "repo-1", "will", KEYWARD_ADMIN, KEYWARD_FORBIDDEN);
    assert_grant(&rita, "repo-1", "rita", KEYWARD_WRITER, KEYWARD_FORBIDDEN);
    assert_grant(&rita, "repo-1", "rita", KEYWARD_READER, KEYWARD_FORBIDDEN); /* which she has */
    assert_row(ROLES, "%s", roles_at_first);
    ck_assert_int_eq(count_events(f.path), 6);
}
END_TEST

START_TEST(a_role_counts_in_its_own_repository_only)
{
    assert_grant(&host, "repo-2", "boris", KEYWARD_ADMIN, KEYWARD_OK);
    assert_grant(&host, "repo-2", "anna", KEYWARD_READER, KEYWARD_OK);
    assert_grant(&anna, "repo-2", "anna", KEYWARD_ADMIN, KEYWARD_FORBIDDEN);
    assert_revoke(&anna, "repo-2", "boris", KEYWARD_FORBIDDEN);
    assert_revoke(&(keyward_actor){.user_id = "boris"}, "repo-1", "rita", KEYWARD_FORBIDDEN);
    assert_revoke(&(keyward_actor){.user_id = "boris"}, "repo-2", "rita", KEYWARD_NOT_FOUND);
    assert_row(ROLES, "%s", roles_at_first);
    assert_revoke(&(keyward_actor){.user_id = "boris"}, "repo-2", "anna", KEYWARD_OK);
    assert_row(ROLES, "%s", roles_at_first);
}
END_TEST

START_TEST(a_new_role_counts_from_the_next_call_on)
{
    const keyward_new_key new_key = {.name = "CI", .provider = KEYWARD_AWS};
    keyward_key *key;
    keyward_secret *secret;

    assert_grant(&anna, "repo-1", "rita", KEYWARD_WRITER, KEYWARD_OK);
    assert_status(f.store, keyward_create_key(f.store, &rita, "repo-1", &new_key, &key, &secret),
                  KEYWARD_OK);
    keyward_secret_free(&secret);
    assert_grant(&anna, "repo-1", "rita", KEYWARD_READER, KEYWARD_OK);
    assert_status(f.store, keyward_delete_key(f.store, &rita, "repo-1", key->id, NULL),
                  KEYWARD_FORBIDDEN);
    keyward_key_free(&key);
}
END_TEST

/* ---- revoking ---- */

START_TEST(a_revoked_user_has_no_right_left)
{
    keyward_key_list *keys;

    f.now++;
    assert_revoke(&anna, "repo-1", "rita", KEYWARD_OK);
    assert_last_event(4, "access.revoked", "anna", "repo-1", "rita", "reader");
    assert_row(ROLES, "anna:admin,will:writer");
    assert_status(f.store, keyward_list_keys(f.store, &rita, "repo-1", NULL, &keys),
                  KEYWARD_FORBIDDEN);
    assert_revoke(&host, "repo-1", "will", KEYWARD_OK);
    assert_last_event(5, "access.revoked", "-", "repo-1", "will", "writer");
    assert_row(ROLES, "anna:admin");
    assert_sound(&f);
}
END_TEST

START_TEST(who_has_no_role_cannot_lose_it)
{
    assert_revoke(&anna, "repo-1", "nobody", KEYWARD_NOT_FOUND);
    assert_revoke(&host, "repo-1", "nobody", KEYWARD_NOT_FOUND);
    assert_revoke(&host, "no repository", "rita", KEYWARD_NOT_FOUND);
    ck_assert_int_eq(count_events(f.path), 3);
    assert_revoke(&anna, "repo-1", "rita", KEYWARD_OK);
    assert_revoke(&anna, "repo-1", "rita", KEYWARD_NOT_FOUND);
    ck_assert_int_eq(count_events(f.path), 4);
}
END_TEST

START_TEST(revoking_is_refused_below_the_admin_whoever_exists)
{
    static const char *const users[] = {"rita", "anna", "unknown"};
    int64_t sequence = 4;

    for (size_t i = 0; i < COUNT(below_admin); i++) {
        for (size_t j = 0; j < COUNT(users); j++) {
            assert_revoke(below_admin[i].actor, below_admin[i].repo_id, users[j],
                          KEYWARD_FORBIDDEN);
            assert_last_event(sequence++, "access.revoke_denied", below_admin[i].actor->user_id,
                              below_admin[i].repo_id, users[j], "-");
        }
    }
    assert_row(ROLES, "%s", roles_at_first);
    assert_sound(&f);
}
END_TEST

START_TEST(a_user_may_not_give_up_his_own_role)
{
    assert_revoke(&will, "repo-1", "will", KEYWARD_FORBIDDEN);
    assert_row(ROLES, "%s", roles_at_first);
}
END_TEST

/* ---- the last admin ---- */

START_TEST(the_last_admin_is_not_demoted_by_a_user)
{
    static const char *const words[] = {"", "reader", "writer"};

    assert_grant(&anna, "repo-1", "anna", (enum keyward_role)_i, KEYWARD_LAST_ADMIN);
    assert_last_event(4, "access.grant_denied", "anna", "repo-1", "anna", words[_i]);
    assert_row(ROLES, "%s", roles_at_first);
    assert_sound(&f);
}
END_TEST

START_TEST(the_last_admin_is_not_removed_by_a_user)
{
    assert_revoke(&anna, "repo-1", "anna", KEYWARD_LAST_ADMIN);
    assert_row("SELECT action||actor_id||user_id||sequence FROM audit_events"
               " ORDER BY sequence DESC LIMIT 1",
               "access.revoke_deniedannaanna4");
    assert_row(ROLES, "%s", roles_at_first);
    assert_sound(&f);
}
END_TEST

START_TEST(the_host_may_demote_the_last_admin)
{
    assert_grant(&host, "repo-1", "anna", KEYWARD_READER, KEYWARD_OK);
    assert_last_event(4, "access.granted", "-", "repo-1", "anna", "reader");
    assert_row(ROLES, "anna:reader,rita:reader,will:writer");
}
END_TEST

START_TEST(the_host_may_remove_the_last_admin)
{
    assert_revoke(&host, "repo-1", "anna", KEYWARD_OK);
    assert_last_event(4, "access.revoked", "-", "repo-1", "anna", "admin");
    assert_row(ROLES, "rita:reader,will:writer");
}
END_TEST

START_TEST(one_of_two_admins_may_go_but_not_the_other)
{
    const keyward_actor zoe = {.user_id = "zoe"};

    assert_grant(&anna, "repo-1", "zoe", KEYWARD_ADMIN, KEYWARD_OK);
    assert_grant(&zoe, "repo-1", "anna", KEYWARD_WRITER, KEYWARD_OK);
    assert_revoke(&zoe, "repo-1", "zoe", KEYWARD_LAST_ADMIN);
    assert_grant(&zoe, "repo-1", "zoe", KEYWARD_WRITER, KEYWARD_LAST_ADMIN);
    assert_grant(&zoe, "repo-1", "anna", KEYWARD_ADMIN, KEYWARD_OK);
    assert_revoke(&zoe, "repo-1", "zoe", KEYWARD_OK);
    assert_row(ROLES, "%s", roles_at_first);
}
END_TEST

START_TEST(the_admin_of_another_repository_does_not_count)
{
    assert_grant(&host, "repo-2", "zoe", KEYWARD_ADMIN, KEYWARD_OK);
    assert_grant(&host, "repo-2", "anna", KEYWARD_ADMIN, KEYWARD_OK);
    assert_revoke(&anna, "repo-1", "anna", KEYWARD_LAST_ADMIN);
    assert_revoke(&anna, "repo-2", "anna", KEYWARD_OK);
}
END_TEST

/* ---- events ---- */

START_TEST(an_event_of_access_has_every_field)
{
    const keyward_actor actor = {.user_id = "anna",
                                 .request_id = "req-1",
                                 .client_address = "192.0.2.1",
                                 .user_agent = "ui",
                                 .reason = "new colleague"};
    const char *rest = "new colleague|req-1|192.0.2.1|ui1";
    keyward_event_list *events;
    const keyward_event *event;

    assert_grant(&actor, "repo-1", "zoe", KEYWARD_READER, KEYWARD_OK);
    assert_row(LAST_EVENT, "4|%lld|access.granted|anna|repo-1|zoe|reader|%s", (long long)START,
               rest);
    events = last_event(&f);
    event = events->events[0];
    ck_assert_int_eq(event->action, KEYWARD_ACCESS_GRANTED);
    ck_assert_str_eq(event->actor_id, "anna");
    ck_assert_str_eq(event->repo_id, "repo-1");
    ck_assert_str_eq(event->user_id, "zoe");
    ck_assert_str_eq(event->role, "reader");
    ck_assert_str_eq(event->reason_text, "new colleague");
    ck_assert_ptr_null(event->key_id);
    ck_assert_ptr_null(event->name);
    ck_assert_ptr_null(event->reason);
    ck_assert_ptr_null(event->sealed_sha256);
    keyward_event_list_free(&events);
    assert_revoke(&actor, "repo-1", "zoe", KEYWARD_OK);
    assert_row(LAST_EVENT, "5|%lld|access.revoked|anna|repo-1|zoe|reader|%s", (long long)START,
               rest);
    assert_grant(&actor, "repo-2", "zoe", KEYWARD_ADMIN, KEYWARD_FORBIDDEN);
    assert_row(LAST_EVENT, "6|%lld|access.grant_denied|anna|repo-2|zoe|admin|%s", (long long)START,
               rest);
    assert_revoke(&actor, "repo-2", "zoe", KEYWARD_FORBIDDEN);
    assert_row(LAST_EVENT, "7|%lld|access.revoke_denied|anna|repo-2|zoe|-|%s", (long long)START,
               rest);
}
END_TEST

/* ---- one user ---- */

static void assert_user(const keyward_actor *actor, const char *user_id, enum keyward_role role,
                        int64_t granted_at)
{
    keyward_user *user;

    assert_status(f.store, keyward_get_user(f.store, actor, "repo-1", user_id, &user), KEYWARD_OK);
    ck_assert_str_eq(user->user_id, user_id);
    ck_assert_int_eq(user->role, role);
    ck_assert_int_eq(user->granted_at, granted_at);
    keyward_user_free(&user);
    ck_assert_ptr_null(user);
}

static void assert_no_user(const keyward_actor *actor, const char *repo_id, const char *user_id,
                           enum keyward_status wanted)
{
    keyward_user *user = (keyward_user *)&f;

    assert_status(f.store, keyward_get_user(f.store, actor, repo_id, user_id, &user), wanted);
    ck_assert_ptr_null(user);
    ck_assert_int_eq(keyward_last_error(f.store)->status, wanted);
    ck_assert_str_eq(keyward_last_error(f.store)->message, keyward_status_text(wanted));
}

START_TEST(readers_get_every_user_and_others_none)
{
    static const keyward_actor *const allowed[] = {&rita, &will, &anna, &host};

    for (size_t i = 0; i < COUNT(allowed); i++) {
        assert_user(allowed[i], "anna", KEYWARD_ADMIN, START);
        assert_user(allowed[i], "will", KEYWARD_WRITER, START);
        assert_user(allowed[i], "rita", KEYWARD_READER, START);
        assert_no_user(allowed[i], "repo-1", "nobody", KEYWARD_NOT_FOUND);
        assert_no_user(allowed[i], "repo-1", "Anna", KEYWARD_NOT_FOUND);
        assert_no_user(allowed[i], "repo-1", "ann", KEYWARD_NOT_FOUND);
    }
    assert_no_user(&nobody, "repo-1", "anna", KEYWARD_FORBIDDEN);
    assert_no_user(&nobody, "repo-1", "nobody", KEYWARD_FORBIDDEN); /* not even that he has none */
    assert_no_user(&anna, "no repository", "anna", KEYWARD_FORBIDDEN);
    assert_no_user(&host, "no repository", "anna", KEYWARD_NOT_FOUND);
    ck_assert_int_eq(count_events(f.path), 3);
}
END_TEST

START_TEST(a_user_is_found_with_the_role_of_that_repository)
{
    assert_grant(&host, "repo-2", "rita", KEYWARD_ADMIN, KEYWARD_OK);
    assert_grant(&host, "repo-2", "zoe", KEYWARD_WRITER, KEYWARD_OK);
    assert_user(&host, "rita", KEYWARD_READER, START);
    assert_no_user(&rita, "repo-1", "zoe", KEYWARD_NOT_FOUND);
    assert_no_user(&(keyward_actor){.user_id = "zoe"}, "repo-1", "rita", KEYWARD_FORBIDDEN);
    assert_no_user(&will, "repo-2", "rita", KEYWARD_FORBIDDEN);
}
END_TEST

START_TEST(a_user_is_found_as_he_is_after_each_change)
{
    f.now += 1000;
    assert_grant(&anna, "repo-1", "rita", KEYWARD_WRITER, KEYWARD_OK);
    assert_user(&rita, "rita", KEYWARD_WRITER, START + 1000);
    f.now += 1000;
    assert_grant(&anna, "repo-1", "rita", KEYWARD_WRITER, KEYWARD_OK); /* which she has */
    assert_user(&will, "rita", KEYWARD_WRITER, START + 1000);
    assert_revoke(&anna, "repo-1", "rita", KEYWARD_OK);
    assert_no_user(&will, "repo-1", "rita", KEYWARD_NOT_FOUND);
    assert_no_user(&rita, "repo-1", "rita", KEYWARD_FORBIDDEN);
    assert_grant(&anna, "repo-1", "rita", KEYWARD_ADMIN, KEYWARD_OK);
    assert_user(&rita, "rita", KEYWARD_ADMIN, START + 2000);
}
END_TEST

static void assert_get_says(const char *repo_id, const char *user_id, keyward_user **user,
                            const char *message)
{
    assert_status(f.store, keyward_get_user(f.store, &host, repo_id, user_id, user),
                  KEYWARD_INVALID);
    ck_assert_str_eq(keyward_last_error(f.store)->message, message);
}

START_TEST(what_is_missing_to_get_a_user_is_named)
{
    keyward_user *user = (keyward_user *)&f;

    assert_get_says(NULL, "rita", &user, "repo_id: must not be NULL");
    ck_assert_ptr_null(user);
    assert_get_says("repo-1", NULL, &user, "user_id: must not be NULL");
    assert_get_says("repo-1", "", &user, "user_id: must not be empty");
    assert_get_says("repo-1", "rita", NULL, "user: must not be NULL");
}
END_TEST

struct toggler {
    atomic_bool stop;
    bool failed;
};

/* At any moment either rita may read and zoe is a writer, or rita has no role and zoe is an admin.
 */
static void *toggle_both(void *context)
{
    static const char *const changes[] = {
        "BEGIN IMMEDIATE; DELETE FROM access WHERE user_id = 'rita';"
        "UPDATE access SET role = 'admin' WHERE user_id = 'zoe'; COMMIT",
        "BEGIN IMMEDIATE; INSERT INTO access VALUES ('repo-1', 'rita', 'reader', 0);"
        "UPDATE access SET role = 'writer' WHERE user_id = 'zoe'; COMMIT"};
    struct toggler *toggler = context;
    sqlite3 *db = NULL;

    toggler->failed = sqlite3_open(f.path, &db) != SQLITE_OK ||
                      sqlite3_busy_timeout(db, 50000) != SQLITE_OK ||
                      sqlite3_exec(db, "PRAGMA synchronous = OFF", NULL, NULL, NULL) != SQLITE_OK;
    for (int i = 0; !toggler->failed && !atomic_load(&toggler->stop); i++)
        toggler->failed = sqlite3_exec(db, changes[i % 2], NULL, NULL, NULL) != SQLITE_OK;
    sqlite3_close(db);
    return NULL;
}

START_TEST(the_right_to_ask_and_the_answer_are_of_one_moment)
{
    struct toggler toggler = {.failed = false};
    int told = 0, refused = 0;
    pthread_t thread;

    assert_grant(&host, "repo-1", "zoe", KEYWARD_WRITER, KEYWARD_OK);
    atomic_init(&toggler.stop, false);
    ck_assert_int_eq(pthread_create(&thread, NULL, toggle_both, &toggler), 0);
    while (told < 2000 || refused < 2000) {
        keyward_user *user;
        enum keyward_status status = keyward_get_user(f.store, &rita, "repo-1", "zoe", &user);

        if (status == KEYWARD_OK)
            ck_assert_int_eq(user->role, KEYWARD_WRITER);
        else
            assert_status(f.store, status, KEYWARD_FORBIDDEN);
        told += status == KEYWARD_OK;
        refused += status == KEYWARD_FORBIDDEN;
        keyward_user_free(&user);
    }
    atomic_store(&toggler.stop, true);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert(!toggler.failed);
}
END_TEST

/* A role that the library does not know is never taken for one that it knows. */
START_TEST(a_role_that_somebody_made_up_is_told)
{
    keyward_user_list *users;

    ck_assert_int_eq(sql(f.path, "PRAGMA ignore_check_constraints = ON;"
                                 "UPDATE access SET role = 'owner' WHERE user_id = 'rita'"),
                     0);
    assert_no_user(&host, "repo-1", "rita", KEYWARD_CORRUPT);
    assert_no_user(&rita, "repo-1", "anna", KEYWARD_FORBIDDEN);
    assert_user(&host, "anna", KEYWARD_ADMIN, START);
    assert_status(f.store, keyward_list_users(f.store, &host, "repo-1", NULL, &users),
                  KEYWARD_CORRUPT);
    ck_assert_ptr_null(users);
}
END_TEST

/* ---- listing ---- */

START_TEST(a_list_of_users_has_roles_and_times_by_user_id)
{
    keyward_user_list *users;

    f.now += 1000;
    assert_grant(&anna, "repo-1", "rita", KEYWARD_ADMIN, KEYWARD_OK);
    users = users_of("repo-1", NULL);
    ck_assert_uint_eq(users->count, 3);
    ck_assert(!users->more);
    ck_assert_str_eq(users->users[0]->user_id, "anna");
    ck_assert_int_eq(users->users[0]->role, KEYWARD_ADMIN);
    ck_assert_int_eq(users->users[0]->granted_at, START);
    ck_assert_str_eq(users->users[1]->user_id, "rita");
    ck_assert_int_eq(users->users[1]->role, KEYWARD_ADMIN);
    ck_assert_int_eq(users->users[1]->granted_at, START + 1000);
    ck_assert_str_eq(users->users[2]->user_id, "will");
    ck_assert_int_eq(users->users[2]->role, KEYWARD_WRITER);
    keyward_user_list_free(&users);
}
END_TEST

START_TEST(readers_list_users_and_others_do_not)
{
    static const keyward_actor *const allowed[] = {&rita, &will, &anna, &host};
    keyward_user_list *users;

    for (size_t i = 0; i < COUNT(allowed); i++) {
        assert_status(f.store, keyward_list_users(f.store, allowed[i], "repo-1", NULL, &users),
                      KEYWARD_OK);
        ck_assert_uint_eq(users->count, 3);
        keyward_user_list_free(&users);
    }
    users = (keyward_user_list *)&f;
    assert_status(f.store, keyward_list_users(f.store, &nobody, "repo-1", NULL, &users),
                  KEYWARD_FORBIDDEN);
    ck_assert_ptr_null(users);
    assert_status(f.store, keyward_list_users(f.store, &anna, "repo-2", NULL, &users),
                  KEYWARD_FORBIDDEN);
    ck_assert_ptr_null(users);
    ck_assert_int_eq(count_events(f.path), 3);
}
END_TEST

START_TEST(every_repository_has_its_own_users)
{
    keyward_user_list *users;

    assert_grant(&host, "repo-2", "anna", KEYWARD_READER, KEYWARD_OK);
    assert_grant(&host, "repo-2", "zoe", KEYWARD_ADMIN, KEYWARD_OK);
    users = users_of("repo-2", NULL);
    ck_assert_uint_eq(users->count, 2);
    ck_assert_str_eq(users->users[0]->user_id, "anna");
    ck_assert_int_eq(users->users[0]->role, KEYWARD_READER);
    ck_assert_str_eq(users->users[1]->user_id, "zoe");
    keyward_user_list_free(&users);
    users = users_of("repo-1", NULL);
    ck_assert_uint_eq(users->count, 3);
    ck_assert_int_eq(users->users[0]->role, KEYWARD_ADMIN);
    keyward_user_list_free(&users);
    users = users_of("no repository", NULL);
    ck_assert_uint_eq(users->count, 0);
    ck_assert(!users->more);
    keyward_user_list_free(&users);
}
END_TEST

/* Grants a role in "many" to "user-0000", "user-0001", ... */
static void make_users(int count)
{
    char user_id[16];

    f.options.durability = KEYWARD_SURVIVES_CRASH; /* many commits: let them cost no flush */
    fixture_reopen(&f);
    for (int i = 0; i < count; i++) {
        snprintf(user_id, sizeof user_id, "user-%04d", i);
        assert_grant(&host, "many", user_id, KEYWARD_READER, KEYWARD_OK);
    }
}

/* Walks all pages; every user must come once. */
static void assert_walk(int limit, int count)
{
    char after[16] = "", wanted[16];
    keyward_user_query query = {.limit = limit};
    bool more = true;
    int next = 0;

    while (more) {
        keyward_user_list *page = users_of("many", &query);
        for (size_t i = 0; i < page->count; i++) {
            snprintf(wanted, sizeof wanted, "user-%04d", next++);
            ck_assert_str_eq(page->users[i]->user_id, wanted);
        }
        ck_assert_uint_le(page->count, (size_t)limit);
        more = page->more;
        if (more)
            ck_assert_uint_eq(page->count, (size_t)limit);
        strcpy(after, wanted);
        query.after_user_id = after;
        keyward_user_list_free(&page);
    }
    ck_assert_int_eq(next, count);
}

START_TEST(pages_of_every_size_walk_every_user_once)
{
    static const int limits[] = {1, 2, 3, 5, 6, 11, 12, 13, KEYWARD_PAGE_MAX};

    make_users(12);
    for (size_t i = 0; i < COUNT(limits); i++)
        assert_walk(limits[i], 12);
}
END_TEST

START_TEST(a_list_starts_after_any_user_there_is_or_not)
{
    keyward_user_list *users = users_of("repo-1", &(keyward_user_query){.after_user_id = "bert"});

    ck_assert_uint_eq(users->count, 2);
    ck_assert_str_eq(users->users[0]->user_id, "rita");
    keyward_user_list_free(&users);
    users = users_of("repo-1", &(keyward_user_query){.after_user_id = "will"});
    ck_assert_uint_eq(users->count, 0);
    ck_assert(!users->more);
    keyward_user_list_free(&users);
}
END_TEST

static void assert_counts(const keyward_user_query *query, size_t count, bool more)
{
    keyward_user_list *users = users_of("many", query);

    ck_assert_uint_eq(users->count, count);
    ck_assert_int_eq(users->more, more);
    keyward_user_list_free(&users);
}

START_TEST(a_list_has_the_default_or_the_maximal_number_of_users)
{
    make_users(KEYWARD_PAGE_MAX + 1);
    assert_counts(NULL, KEYWARD_PAGE_DEFAULT, true);
    assert_counts(&(keyward_user_query){.limit = 0}, KEYWARD_PAGE_DEFAULT, true);
    assert_counts(&(keyward_user_query){.limit = KEYWARD_PAGE_MAX}, KEYWARD_PAGE_MAX, true);
    assert_counts(&(keyward_user_query){.after_user_id = "user-0000", .limit = KEYWARD_PAGE_MAX},
                  KEYWARD_PAGE_MAX, false);
}
END_TEST

/* ---- the suite ---- */

static void add_changing(Suite *suite)
{
    TCase *tests = suite_add_case(suite, "grant and revoke", open_fixture, close_fixture);

    tcase_add_test(tests, the_first_grant_begins_the_repository);
    tcase_add_loop_test(tests, an_admin_gives_every_role, KEYWARD_READER, KEYWARD_ADMIN + 1);
    tcase_add_test(tests, a_grant_replaces_the_role_he_had);
    tcase_add_test(tests, a_role_he_had_writes_nothing);
    tcase_add_test(tests, granting_is_refused_below_the_admin);
    tcase_add_test(tests, nobody_raises_himself);
    tcase_add_test(tests, a_role_counts_in_its_own_repository_only);
    tcase_add_test(tests, a_new_role_counts_from_the_next_call_on);
    tcase_add_test(tests, a_revoked_user_has_no_right_left);
    tcase_add_test(tests, who_has_no_role_cannot_lose_it);
    tcase_add_test(tests, revoking_is_refused_below_the_admin_whoever_exists);
    tcase_add_test(tests, a_user_may_not_give_up_his_own_role);
    tcase_add_test(tests, an_event_of_access_has_every_field);
}

static void add_last_admin(Suite *suite)
{
    TCase *tests = suite_add_case(suite, "last admin", open_fixture, close_fixture);

    tcase_add_loop_test(tests, the_last_admin_is_not_demoted_by_a_user, KEYWARD_READER,
                        KEYWARD_WRITER + 1);
    tcase_add_test(tests, the_last_admin_is_not_removed_by_a_user);
    tcase_add_test(tests, the_host_may_demote_the_last_admin);
    tcase_add_test(tests, the_host_may_remove_the_last_admin);
    tcase_add_test(tests, one_of_two_admins_may_go_but_not_the_other);
    tcase_add_test(tests, the_admin_of_another_repository_does_not_count);
}

static void add_getting(Suite *suite)
{
    TCase *tests = suite_add_case(suite, "get", open_fixture, close_fixture);

    tcase_add_test(tests, readers_get_every_user_and_others_none);
    tcase_add_test(tests, a_user_is_found_with_the_role_of_that_repository);
    tcase_add_test(tests, a_user_is_found_as_he_is_after_each_change);
    tcase_add_test(tests, the_right_to_ask_and_the_answer_are_of_one_moment);
    tcase_add_test(tests, what_is_missing_to_get_a_user_is_named);
    tcase_add_test(tests, a_role_that_somebody_made_up_is_told);
}

static void add_listing(Suite *suite)
{
    TCase *tests = suite_add_case(suite, "list", open_fixture, close_fixture);

    tcase_add_test(tests, a_list_of_users_has_roles_and_times_by_user_id);
    tcase_add_test(tests, readers_list_users_and_others_do_not);
    tcase_add_test(tests, every_repository_has_its_own_users);
    tcase_add_test(tests, pages_of_every_size_walk_every_user_once);
    tcase_add_test(tests, a_list_starts_after_any_user_there_is_or_not);
    tcase_add_test(tests, a_list_has_the_default_or_the_maximal_number_of_users);
}

int main(void)
{
    Suite *suite = suite_create("access");

    add_changing(suite);
    add_last_admin(suite);
    add_getting(suite);
    add_listing(suite);
    return run_suite(suite);
}
