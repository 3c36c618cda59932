/* SPDX-License-Identifier: MIT */
/* The check: every fault that can be planted in a store is named, and nothing else is. */
#include "fault/findings.h"
#include "support/fixture.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* ---- a store with something in it ---- */

/* repo-1 with three keys: "first" and "second" live, "gone" deleted. The events 4, 5 and 6 made
 * them, 7 deleted the last. */
struct scene {
    struct fixture f;
    char first[KEYWARD_KEY_ID_LENGTH + 1], second[KEYWARD_KEY_ID_LENGTH + 1],
        gone[KEYWARD_KEY_ID_LENGTH + 1];
    keyward_report *report;
};

static void make_named(struct fixture *fixture, const char *name,
                       char id[KEYWARD_KEY_ID_LENGTH + 1])
{
    keyward_key *key = make_key(fixture, "repo-1", name, NULL);

    strcpy(id, key->id);
    keyward_key_free(&key);
}

static void scene_open(struct scene *scene)
{
    scene->report = NULL;
    fixture_open(&scene->f);
    make_named(&scene->f, "first", scene->first);
    make_named(&scene->f, "second", scene->second);
    make_named(&scene->f, "gone", scene->gone);
    ck_assert_int_eq(drop_key(&scene->f, "repo-1", scene->gone), 7);
    assert_sound(&scene->f);
}

static void scene_close(struct scene *scene)
{
    keyward_report_free(&scene->report);
    ck_assert_ptr_null(scene->report);
    fixture_close(&scene->f);
}

/* ---- planting ---- */

static void plant(struct scene *scene, const char *text)
{
    int code = sql(scene->f.path, text);

    ck_assert_msg(code == SQLITE_OK, "code %d for: %s", code, text);
}

/* Plants as if the trigger were not there, and puts it back word for word. */
static void plant_past(struct scene *scene, const char *trigger, const char *text)
{
    char query[256], *definition;

    snprintf(query, sizeof query,
             "SELECT sql FROM sqlite_schema WHERE type = 'trigger' AND name ="
             " '%s'",
             trigger);
    definition = sql_text(scene->f.path, query);
    ck_assert_ptr_nonnull(definition);
    snprintf(query, sizeof query, "DROP TRIGGER %s", trigger);
    plant(scene, query);
    plant(scene, text);
    plant(scene, definition);
    free(definition);
}

/* ---- asserting ---- */

/* Checks, and wants that many findings. */
static void check_finds(struct scene *scene, size_t count)
{
    enum keyward_status status;

    keyward_report_free(&scene->report);
    status = keyward_check(scene->f.store, NULL, &scene->report);
    assert_status(scene->f.store, status, count == 0 ? KEYWARD_OK : KEYWARD_CORRUPT);
    ck_assert_int_eq(keyward_last_error(scene->f.store)->status, status);
    ck_assert_ptr_nonnull(scene->report);
    ck_assert_msg(scene->report->count == count, "%zu findings, the first: %s, the last: %s",
                  scene->report->count,
                  scene->report->count > 0 ? scene->report->findings[0]->problem : "none",
                  scene->report->count > 0
                      ? scene->report->findings[scene->report->count - 1]->problem
                      : "none");
    ck_assert_uint_eq((size_t)scene->report->findings_total, count);
    if (count > 0)
        assert_findings_need_memory(scene->f.store, NULL);
}

static bool is_same(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

/* One of the findings is this, no less and no more. */
static void assert_found(struct scene *scene, const char *problem, const char *repo_id,
                         const char *key_id, int64_t sequence)
{
    for (size_t i = 0; i < scene->report->count; i++) {
        const keyward_finding *finding = scene->report->findings[i];
        if (is_same(finding->problem, problem) && is_same(finding->repo_id, repo_id) &&
            is_same(finding->key_id, key_id) && finding->sequence == sequence)
            return;
    }
    ck_abort_msg("'%s' (%s, %s, %d) was not found; '%s' (%s, %s, %d) was", problem,
                 repo_id ? repo_id : "-", key_id ? key_id : "-", (int)sequence,
                 scene->report->findings[0]->problem,
                 scene->report->findings[0]->repo_id ? scene->report->findings[0]->repo_id : "-",
                 scene->report->findings[0]->key_id ? scene->report->findings[0]->key_id : "-",
                 (int)scene->report->findings[0]->sequence);
}

/* The one fault that was planted, and nothing else. */
static void assert_only_finding(struct scene *scene, const char *problem, const char *repo_id,
                                const char *key_id, int64_t sequence)
{
    check_finds(scene, 1);
    assert_found(scene, problem, repo_id, key_id, sequence);
}

/* An event that was edited is found by its leaf hash besides; see test_check_log.c. */
static const char not_its_leaf[] = "the event is not the one that its leaf hash was made of";

/* A grant's own event is gone, or says something else. */
static const char not_his_role[] = "a user's role is not the one of its last event";

#define LAST_BYTE_CHANGED                                                                   \
    "CAST(substr(sealed, 1, length(sealed) - 1) || CASE substr(sealed, -1) WHEN x'00' THEN" \
    " x'01' ELSE x'00' END AS BLOB)"
#define KEY(name) "(SELECT id FROM api_keys WHERE name = '" name "')"
#define NEXT "(SELECT max(sequence) + 1 FROM audit_events)"
#define NOW "(SELECT max(at) FROM audit_events)"

/* ---- nothing wrong ---- */

START_TEST(a_sound_store_is_found_sound)
{
    struct scene s;

    scene_open(&s);
    check_finds(&s, 0);
    ck_assert_int_eq(s.report->keys_checked, 3);
    ck_assert_int_eq(s.report->events_checked, 7);
    scene_close(&s);
}
END_TEST

START_TEST(an_empty_store_is_sound)
{
    struct fixture f;
    keyward_report *report;

    fixture_init(&f);
    fixture_reopen(&f);
    assert_status(f.store, keyward_check(f.store, NULL, &report), KEYWARD_OK);
    ck_assert_int_eq(report->keys_checked, 0);
    ck_assert_int_eq(report->events_checked, 0);
    ck_assert_uint_eq(report->count, 0);
    ck_assert_int_eq(report->findings_total, 0);
    keyward_report_free(&report);
    keyward_report_free(&report);
    keyward_report_free(NULL);
    fixture_close(&f);
}
END_TEST

START_TEST(a_key_deleted_and_restored_again_and_again_is_sound)
{
    struct scene s;

    scene_open(&s);
    for (int i = 0; i < 3; i++) {
        drop_key(&s.f, "repo-1", s.first);
        check_finds(&s, 0);
        assert_status(s.f.store, keyward_restore_key(s.f.store, &anna, "repo-1", s.first),
                      KEYWARD_OK);
        check_finds(&s, 0);
    }
    scene_close(&s);
}
END_TEST

START_TEST(a_check_needs_somewhere_to_report)
{
    struct fixture f;
    keyward_report *report = (keyward_report *)&f;

    fixture_open(&f);
    assert_invalid(f.store, keyward_check(f.store, NULL, NULL), "report");
    assert_invalid(NULL, keyward_check(NULL, NULL, &report), "store");
    ck_assert_ptr_null(report);
    fixture_close(&f);
}
END_TEST

/* ---- sealed secrets ---- */

START_TEST(a_sealed_secret_changed_by_a_bit_is_found)
{
    struct scene s;

    scene_open(&s);
    plant_past(&s, "sealed_secrets_stay_as_written",
               "UPDATE sealed_secrets SET sealed = " LAST_BYTE_CHANGED
               " WHERE key_id = " KEY("second"));
    assert_only_finding(&s, "the sealed secret does not open", "repo-1", s.second, 0);
    scene_close(&s);
}
END_TEST

START_TEST(the_sealed_secret_of_a_deleted_key_is_looked_at_too)
{
    struct scene s;

    scene_open(&s);
    plant_past(&s, "sealed_secrets_stay_as_written",
               "UPDATE sealed_secrets SET sealed = " LAST_BYTE_CHANGED
               " WHERE key_id = " KEY("gone"));
    assert_only_finding(&s, "the sealed secret does not open", "repo-1", s.gone, 0);
    scene_close(&s);
}
END_TEST

START_TEST(sealed_secrets_that_changed_places_are_found)
{
    struct scene s;

    scene_open(&s);
    plant_past(
        &s, "sealed_secrets_stay_as_written",
        "CREATE TEMP TABLE taken AS SELECT key_id, sealed FROM sealed_secrets"
        " WHERE key_id <> " KEY("gone") "; UPDATE sealed_secrets SET sealed = taken.sealed"
                                        " FROM taken WHERE taken.key_id <> sealed_secrets.key_id"
                                        " AND sealed_secrets.key_id <> " KEY("gone"));
    check_finds(&s, 2);
    assert_found(&s, "the sealed secret does not open", "repo-1", s.first, 0);
    assert_found(&s, "the sealed secret does not open", "repo-1", s.second, 0);
    scene_close(&s);
}
END_TEST

START_TEST(a_sealed_secret_under_another_key_s_name_is_found)
{
    struct scene s;

    scene_open(&s);
    plant_past(&s, "sealed_secrets_stay_as_written",
               "UPDATE sealed_secrets SET key_id = " KEY("first") " WHERE key_id = " KEY("second"));
    check_finds(&s, 2);
    assert_found(&s, "the sealed secret does not open", "repo-1", s.second, 0);
    assert_found(&s, "a sealed secret belongs to no key", "repo-1", s.first, 0);
    scene_close(&s);
}
END_TEST

START_TEST(a_sealed_secret_that_is_missing_is_found)
{
    struct scene s;

    scene_open(&s);
    plant_past(&s, "sealed_secrets_stay",
               "DELETE FROM sealed_secrets WHERE key_id = " KEY("first"));
    check_finds(&s, 2);
    assert_found(&s, "the key has no sealed secret", "repo-1", s.first, 0);
    assert_found(&s, "a row refers to one that does not exist, in table: api_keys", NULL, NULL, 0);
    scene_close(&s);
}
END_TEST

START_TEST(a_sealed_secret_of_no_key_is_found)
{
    struct scene s;

    scene_open(&s);
    plant(&s, "INSERT INTO sealed_secrets VALUES ('kw_ak_none', 'repo-9', 'key-9', 1,"
              " zeroblob(95))");
    assert_only_finding(&s, "a sealed secret belongs to no key", "repo-9", "key-9", 0);
    scene_close(&s);
}
END_TEST

START_TEST(a_second_sealed_secret_of_a_key_is_found)
{
    struct scene s;

    scene_open(&s);
    plant(&s, "INSERT INTO sealed_secrets SELECT 'kw_ak_second', repo_id, key_id, data_key_id,"
              " sealed FROM sealed_secrets WHERE key_id = " KEY("first"));
    assert_only_finding(&s, "a sealed secret belongs to no key", "repo-1", s.first, 0);
    scene_close(&s);
}
END_TEST

START_TEST(a_hash_that_is_not_the_sealed_secret_s_is_found)
{
    struct scene s;

    scene_open(&s);
    plant_past(&s, "audit_events_stay_as_written",
               "UPDATE audit_events SET sealed_sha256 = zeroblob(32) WHERE sequence = 4");
    check_finds(&s, 2);
    assert_found(&s, "the sealed secret is not the one of the creation event", "repo-1", s.first,
                 0);
    assert_found(&s, not_its_leaf, NULL, NULL, 4);
    scene_close(&s);
}
END_TEST

START_TEST(a_data_key_that_is_missing_is_found)
{
    struct scene s;

    scene_open(&s);
    plant_past(&s, "data_keys_stay", "DELETE FROM data_keys");
    check_finds(&s, 3); /* one a row that refers to it; this store has it in memory still */
    assert_found(&s, "a row refers to one that does not exist, in table: sealed_secrets", NULL,
                 NULL, 0);
    scene_close(&s);
}
END_TEST

/* ---- keys and their events ---- */

START_TEST(a_key_marked_deleted_by_somebody_else_s_event_is_found)
{
    struct scene s;

    scene_open(&s);
    plant_past(&s, "api_keys_change_by_event",
               "UPDATE api_keys SET deleted_at = " NOW ", deleted_by = NULL, deleted_event = 7"
               " WHERE name = 'first'");
    assert_only_finding(&s, "the key is marked deleted without the event of its deletion", "repo-1",
                        s.first, 0);
    scene_close(&s);
}
END_TEST

START_TEST(a_key_marked_deleted_by_an_event_that_does_not_exist_is_found)
{
    struct scene s;

    scene_open(&s);
    plant_past(&s, "api_keys_change_by_event",
               "UPDATE api_keys SET deleted_at = " NOW ", deleted_by = NULL, deleted_event = 99"
               " WHERE name = 'first'");
    assert_only_finding(&s, "the key is marked deleted without the event of its deletion", "repo-1",
                        s.first, 0);
    scene_close(&s);
}
END_TEST

static void assert_pointing_elsewhere_is_found(struct scene *s)
{
    plant_past(s, "api_keys_change_by_event",
               "UPDATE api_keys SET deleted_event = 6 WHERE name = 'gone'");
    check_finds(s, 2);
    assert_found(s, "the key is marked deleted without the event of its deletion", "repo-1",
                 s->gone, 0);
    assert_found(s, "the key of a deletion event is not marked with it", "repo-1", s->gone, 7);
}

START_TEST(a_deletion_pointed_elsewhere_is_found_from_both_sides)
{
    struct scene s;

    scene_open(&s);
    assert_pointing_elsewhere_is_found(&s);
    scene_close(&s);
}
END_TEST

START_TEST(a_deletion_at_another_time_or_by_another_actor_is_found)
{
    static const char *const changes[] = {
        "UPDATE api_keys SET deleted_at = deleted_at + 1 WHERE name = 'gone'",
        "UPDATE api_keys SET deleted_by = 'mallory' WHERE name = 'gone'",
    };
    struct scene s;

    scene_open(&s);
    plant_past(&s, "api_keys_change_by_event", changes[_i]);
    assert_only_finding(&s, "the key is marked deleted without the event of its deletion", "repo-1",
                        s.gone, 0);
    scene_close(&s);
}
END_TEST

/* Where a deleted key lies is no matter. */
START_TEST(a_fault_of_an_archived_key_is_found_as_well)
{
    struct scene s;

    scene_open(&s);
    plant(&s, "UPDATE api_keys SET archived = 1 WHERE name = 'gone'");
    check_finds(&s, 0);
    assert_pointing_elsewhere_is_found(&s);
    scene_close(&s);
}
END_TEST

START_TEST(a_deleted_key_made_live_without_an_event_is_found)
{
    struct scene s;

    scene_open(&s);
    plant_past(&s, "api_keys_change_by_event",
               "UPDATE api_keys SET deleted_at = NULL, deleted_by = NULL,"
               " deleted_event = NULL WHERE name = 'gone'");
    assert_only_finding(&s, "the key of a deletion event is not marked with it", "repo-1", s.gone,
                        7);
    scene_close(&s);
}
END_TEST

START_TEST(a_deletion_event_without_its_marked_row_is_found)
{
    struct scene s;

    scene_open(&s);
    plant_past(&s, "audit_events_mark_key",
               "INSERT INTO audit_events (sequence, at, action, repo_id, key_id) SELECT " NEXT
               ", " NOW ", 'key.deleted', 'repo-1', " KEY("first"));
    assert_only_finding(&s, "the key of a deletion event is not marked with it", "repo-1", s.first,
                        8);
    scene_close(&s);
}
END_TEST

START_TEST(a_deletion_event_of_no_key_is_found)
{
    struct scene s;

    scene_open(&s);
    plant_past(&s, "audit_events_mark_key",
               "INSERT INTO audit_events (sequence, at, action, repo_id, key_id) SELECT " NEXT
               ", " NOW ", 'key.deleted', 'repo-1', 'none'");
    assert_only_finding(&s, "the key of a deletion event is not marked with it", "repo-1", "none",
                        8);
    scene_close(&s);
}
END_TEST

START_TEST(a_restoration_event_of_a_key_that_stayed_deleted_is_found)
{
    struct scene s;

    scene_open(&s);
    plant_past(&s, "audit_events_unmark_key",
               "INSERT INTO audit_events (sequence, at, action, repo_id, key_id) SELECT " NEXT
               ", " NOW ", 'key.restored', 'repo-1', " KEY("gone"));
    assert_only_finding(&s, "the key is marked deleted without the event of its deletion", "repo-1",
                        s.gone, 0);
    scene_close(&s);
}
END_TEST

START_TEST(a_key_marked_deleted_again_by_a_deletion_that_was_undone_is_found)
{
    struct scene s;

    scene_open(&s);
    assert_status(s.f.store, keyward_restore_key(s.f.store, &anna, "repo-1", s.gone), KEYWARD_OK);
    plant_past(&s, "api_keys_change_by_event",
               "UPDATE api_keys SET deleted_at = (SELECT at FROM audit_events WHERE sequence = 7),"
               " deleted_by = NULL, deleted_event = 7 WHERE name = 'gone'");
    assert_only_finding(&s, "the key is marked deleted without the event of its deletion", "repo-1",
                        s.gone, 0);
    scene_close(&s);
}
END_TEST

START_TEST(a_creation_event_without_its_key_is_found)
{
    struct scene s;

    scene_open(&s);
    plant(&s, "INSERT INTO audit_events (sequence, at, action, repo_id, key_id, sealed_sha256)"
              " SELECT " NEXT ", " NOW ", 'key.created', 'repo-1', 'none', zeroblob(32)");
    assert_only_finding(&s, "the key of a creation event does not exist", "repo-1", "none", 8);
    scene_close(&s);
}
END_TEST

START_TEST(a_key_removed_from_its_events_is_found)
{
    struct scene s;

    scene_open(&s);
    plant_past(&s, "api_keys_stay", "DELETE FROM api_keys WHERE name = 'gone'");
    check_finds(&s, 3);
    assert_found(&s, "a sealed secret belongs to no key", "repo-1", s.gone, 0);
    assert_found(&s, "the key of a creation event does not exist", "repo-1", s.gone, 6);
    assert_found(&s, "the key of a deletion event is not marked with it", "repo-1", s.gone, 7);
    scene_close(&s);
}
END_TEST

START_TEST(a_key_with_another_key_s_creation_event_is_found)
{
    struct scene s;

    scene_open(&s);
    plant_past(&s, "api_keys_keep_identity",
               "UPDATE api_keys SET created_event = 5 WHERE name = 'first'");
    check_finds(&s, 2);
    assert_found(&s, "the key has no creation event of its own", "repo-1", s.first, 0);
    assert_found(&s, "the key of a creation event does not exist", "repo-1", s.first, 4);
    scene_close(&s);
}
END_TEST

START_TEST(a_key_that_is_not_as_it_was_created_is_found)
{
    static const char *const changes[] = {
        "UPDATE api_keys SET provider = 'AWS' WHERE name = 'first'",
        "UPDATE api_keys SET created_at = created_at + 1 WHERE name = 'first'",
        "UPDATE api_keys SET created_by = 'mallory' WHERE name = 'first'",
    };
    struct scene s;

    scene_open(&s);
    plant_past(&s, "api_keys_keep_identity", changes[_i]);
    assert_only_finding(&s, "the key has no creation event of its own", "repo-1", s.first, 0);
    scene_close(&s);
}
END_TEST

START_TEST(a_name_that_no_event_gave_is_found)
{
    static const char problem[] = "the key's name is not the one of its last event";
    struct scene s;

    scene_open(&s);
    plant(&s, "UPDATE api_keys SET name = 'furst' WHERE name = 'first'");
    assert_only_finding(&s, problem, "repo-1", s.first, 0);
    assert_status(s.f.store, keyward_rename_key(s.f.store, &anna, "repo-1", s.first, "primus"),
                  KEYWARD_OK);
    check_finds(&s, 0);
    plant(&s, "UPDATE api_keys SET name = 'first' WHERE name = 'primus'");
    assert_only_finding(&s, problem, "repo-1", s.first, 0);
    scene_close(&s);
}
END_TEST

START_TEST(a_role_that_no_event_gave_or_took_is_found)
{
    static const struct {
        const char *change;
        int64_t sequence;
    } changes[] = {
        {"UPDATE access SET role = 'admin' WHERE user_id = 'rita'", 3},
        {"UPDATE access SET granted_at = granted_at - 1 WHERE user_id = 'rita'", 3},
        {"INSERT INTO access VALUES ('repo-1', 'mallory', 'admin', 0)", 0},
        {"DELETE FROM access WHERE user_id = 'rita'", 3},
    };
    struct scene s;

    scene_open(&s);
    plant(&s, changes[_i].change);
    assert_only_finding(&s, not_his_role, "repo-1", NULL, changes[_i].sequence);
    scene_close(&s);
}
END_TEST

START_TEST(a_role_that_was_taken_and_is_there_again_is_found)
{
    struct scene s;

    scene_open(&s);
    assert_status(s.f.store, keyward_revoke(s.f.store, &anna, "repo-1", "rita"), KEYWARD_OK);
    check_finds(&s, 0);
    plant(&s, "INSERT INTO access SELECT repo_id, user_id, role, at FROM audit_events"
              " WHERE sequence = 3");
    assert_only_finding(&s, not_his_role, "repo-1", NULL, 8);
    scene_close(&s);
}
END_TEST

START_TEST(a_name_that_is_not_held_where_names_are_unique_is_found)
{
    struct scene s;

    scene_open(&s);
    s.f.options.names = KEYWARD_NAMES_UNIQUE;
    fixture_reopen(&s.f);
    check_finds(&s, 0);
    plant(&s, "UPDATE key_details SET held_name = NULL WHERE key_id = " KEY("second"));
    assert_only_finding(&s, "names are unique, and a live key does not hold its own", "repo-1",
                        s.second, 0);
    plant(&s, "UPDATE store SET unique_names = 0"); /* and "first" holds its own */
    assert_only_finding(&s, "a name is held by no live key that has it", "repo-1", s.first, 0);
    scene_close(&s);
}
END_TEST

/* ---- the audit log ---- */

START_TEST(a_gap_in_the_log_is_found)
{
    struct scene s;

    scene_open(&s);
    plant_past(&s, "audit_events_stay", "DELETE FROM audit_events WHERE sequence = 2");
    check_finds(&s, 2);
    assert_found(&s, "events before this one are missing", NULL, NULL, 3);
    assert_found(&s, not_his_role, "repo-1", NULL, 0);
    ck_assert_int_eq(s.report->events_checked, 6);
    scene_close(&s);
}
END_TEST

START_TEST(a_log_without_its_beginning_is_found)
{
    struct scene s;

    scene_open(&s);
    plant_past(&s, "audit_events_stay", "DELETE FROM audit_events WHERE sequence <= 2");
    check_finds(&s, 3);
    assert_found(&s, "events before this one are missing", NULL, NULL, 3);
    assert_found(&s, not_his_role, "repo-1", NULL, 0);
    scene_close(&s);
}
END_TEST

START_TEST(an_event_from_before_the_beginning_is_found)
{
    struct scene s;

    scene_open(&s);
    plant_past(&s, "audit_events_follow",
               "INSERT INTO audit_events (sequence, at, action) VALUES (0, 0, 'access.granted')");
    check_finds(&s, 2);
    assert_found(&s, "events before this one are missing", NULL, NULL, 0);
    assert_found(&s, "the event's leaf hash is missing", NULL, NULL, 0);
    scene_close(&s);
}
END_TEST

START_TEST(a_jump_in_the_log_is_found)
{
    struct scene s;

    scene_open(&s);
    plant_past(&s, "audit_events_follow",
               "INSERT INTO audit_events (sequence, at, action) SELECT 10, " NOW
               ", 'access.granted'");
    assert_only_finding(&s, "events before this one are missing", NULL, NULL, 10);
    scene_close(&s);
}
END_TEST

START_TEST(time_that_goes_back_is_found)
{
    struct scene s;

    scene_open(&s);
    plant_past(&s, "audit_events_follow",
               "INSERT INTO audit_events (sequence, at, action) SELECT 8, " NOW
               " - 1, 'access.granted'");
    assert_only_finding(&s, "the event is older than the one before it", NULL, NULL, 8);
    scene_close(&s);
}
END_TEST

/* ---- the schema ---- */

START_TEST(a_trigger_that_is_gone_is_found)
{
    struct scene s;

    scene_open(&s);
    plant(&s, "DROP TRIGGER api_keys_stay");
    assert_only_finding(&s, "the schema lacks: trigger api_keys_stay", NULL, NULL, 0);
    scene_close(&s);
}
END_TEST

START_TEST(all_triggers_gone_are_found)
{
    struct scene s;
    char *drops;
    int64_t triggers;

    scene_open(&s);
    triggers = sql_number(s.f.path, "SELECT count(*) FROM sqlite_schema WHERE type = 'trigger'");
    ck_assert_int_ge(triggers, 10);
    drops = sql_text(s.f.path, "SELECT group_concat('DROP TRIGGER ' || name, ';') FROM"
                               " sqlite_schema WHERE type = 'trigger'");
    plant(&s, drops);
    check_finds(&s, (size_t)triggers);
    free(drops);
    scene_close(&s);
}
END_TEST

START_TEST(a_trigger_that_was_changed_is_found)
{
    struct scene s;

    scene_open(&s);
    plant(&s, "DROP TRIGGER api_keys_stay; CREATE TRIGGER api_keys_stay BEFORE DELETE ON api_keys"
              " BEGIN SELECT 1; END");
    assert_only_finding(&s, "the schema was changed at: trigger api_keys_stay", NULL, NULL, 0);
    scene_close(&s);
}
END_TEST

START_TEST(what_was_added_to_the_schema_is_found)
{
    static const struct {
        const char *text, *problem;
    } added[] = {
        {"CREATE TABLE zzz (x)", "the schema has what keyward did not put there: table zzz"},
        {"CREATE TABLE aaa (x)", "the schema has what keyward did not put there: table aaa"},
        {"CREATE INDEX i ON api_keys (name)",
         "the schema has what keyward did not put there: index i"},
        {"CREATE VIEW v AS SELECT 1", "the schema has what keyward did not put there: view v"},
        {"CREATE TRIGGER t AFTER INSERT ON audit_events BEGIN DELETE FROM access; END",
         "the schema has what keyward did not put there: trigger t"},
        {"CREATE TABLE sqliteX (x)",
         "the schema has what keyward did not put there: table sqliteX"},
    };
    struct scene s;

    scene_open(&s);
    plant(&s, added[_i].text);
    assert_only_finding(&s, added[_i].problem, NULL, NULL, 0);
    scene_close(&s);
}
END_TEST

START_TEST(a_column_that_was_added_is_found)
{
    struct scene s;

    scene_open(&s);
    plant(&s, "ALTER TABLE access ADD COLUMN note TEXT");
    assert_only_finding(&s, "the schema was changed at: table access", NULL, NULL, 0);
    scene_close(&s);
}
END_TEST

START_TEST(a_value_that_its_rule_forbids_is_found)
{
    struct scene s;

    scene_open(&s);
    plant(&s, "PRAGMA ignore_check_constraints = ON;"
              " INSERT INTO access VALUES ('repo-1', 'mallory', 'owner', 0)");
    check_finds(&s, 2);
    assert_found(&s, "SQLite's integrity check: CHECK constraint failed in access", NULL, NULL, 0);
    assert_found(&s, not_his_role, "repo-1", NULL, 0);
    scene_close(&s);
}
END_TEST

/* ---- the file ---- */

/* Overwrites the middle of the page that is the root of a table. */
static void scribble_on(struct scene *scene, const char *table)
{
    char query[128];
    int64_t page, page_size;
    unsigned char *bytes;
    size_t size;

    snprintf(query, sizeof query, "SELECT rootpage FROM sqlite_schema WHERE name = '%s'", table);
    page = sql_number(scene->f.path, query);
    page_size = sql_number(scene->f.path, "PRAGMA page_size");
    keyward_close(&scene->f.store); /* all is in the file now, and nothing in a cache */
    bytes = read_whole(scene->f.path, &size);
    ck_assert_int_le(page * page_size, (int64_t)size);
    memset(bytes + (page - 1) * page_size + 8, 0xA5, 64); /* behind the page's own header */
    write_whole(scene->f.path, bytes, size);
    free(bytes);
    assert_status(NULL, keyward_open(&scene->f.store, scene->f.path, &scene->f.options),
                  KEYWARD_OK);
}

START_TEST(a_damaged_page_is_found)
{
    static const char *const tables[] = {"api_keys", "audit_events", "sealed_secrets", "access"};
    static const char by_sqlite[] = "SQLite's integrity check: ",
                      stopped[] = "the check could not go on: ";
    struct scene s;
    bool named = false;

    scene_open(&s);
    scribble_on(&s, tables[_i]);
    assert_status(s.f.store, keyward_check(s.f.store, NULL, &s.report), KEYWARD_CORRUPT);
    ck_assert_ptr_nonnull(s.report);
    ck_assert_uint_ge(s.report->count, 1);
    for (size_t i = 0; i < s.report->count; i++) {
        const char *problem = s.report->findings[i]->problem;
        named = named || strncmp(problem, by_sqlite, sizeof by_sqlite - 1) == 0 ||
                strncmp(problem, stopped, sizeof stopped - 1) == 0;
        ck_assert_uint_lt(strlen(problem), 256);
    }
    ck_assert(named);
    assert_findings_need_memory(s.f.store, NULL);
    scene_close(&s);
}
END_TEST

START_TEST(a_check_keeps_the_first_thousand_findings)
{
    struct scene s;

    scene_open(&s);
    plant(&s, "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 1500)"
              " INSERT INTO sealed_secrets SELECT 'a' || i, 'repo-9', 'k' || i, 1, zeroblob(95)"
              " FROM n");
    assert_status(s.f.store, keyward_check(s.f.store, NULL, &s.report), KEYWARD_CORRUPT);
    ck_assert_uint_eq(s.report->count, 1000);
    ck_assert_int_eq(s.report->findings_total, 1500);
    for (size_t i = 0; i < s.report->count; i++)
        ck_assert_str_eq(s.report->findings[i]->problem, "a sealed secret belongs to no key");
    scene_close(&s);
}
END_TEST

START_TEST(several_faults_are_all_found)
{
    struct scene s;

    scene_open(&s);
    plant_past(&s, "sealed_secrets_stay_as_written",
               "UPDATE sealed_secrets SET sealed = " LAST_BYTE_CHANGED
               " WHERE key_id = " KEY("first"));
    plant_past(&s, "audit_events_stay", "DELETE FROM audit_events WHERE sequence = 2");
    plant(&s, "DROP TRIGGER data_keys_stay");
    check_finds(&s, 4);
    assert_found(&s, not_his_role, "repo-1", NULL, 0);
    assert_found(&s, "the sealed secret does not open", "repo-1", s.first, 0);
    assert_found(&s, "events before this one are missing", NULL, NULL, 3);
    assert_found(&s, "the schema lacks: trigger data_keys_stay", NULL, NULL, 0);
    ck_assert_int_eq(s.report->keys_checked, 3);
    scene_close(&s);
}
END_TEST

START_TEST(a_report_outlives_its_store)
{
    struct scene s;

    scene_open(&s);
    plant(&s, "DROP TRIGGER api_keys_stay");
    check_finds(&s, 1);
    keyward_close(&s.f.store);
    ck_assert_str_eq(s.report->findings[0]->problem, "the schema lacks: trigger api_keys_stay");
    scene_close(&s);
}
END_TEST

/* ---- progress ---- */

struct progress {
    int calls, stop_at; /* stops at that call, counted from 1; 0: never */
    int64_t last_done, total;
};

static int note_progress(void *context, int64_t done, int64_t total)
{
    struct progress *progress = context;

    ck_assert_int_ge(done, progress->last_done);
    ck_assert_int_le(done, total);
    if (progress->calls > 0)
        ck_assert_int_eq(total, progress->total);
    else
        ck_assert_int_eq(done, 0);
    progress->last_done = done;
    progress->total = total;
    return ++progress->calls == progress->stop_at ? 42 : 0;
}

/* A store with more rows than pass between two calls: 3 + 600 events and 600 keys. */
static void big_store(struct fixture *fixture)
{
    fixture_init(fixture);
    fixture->options.durability = KEYWARD_SURVIVES_CRASH;
    fixture_reopen(fixture);
    for (int i = 0; i < 3; i++)
        assert_status(fixture->store,
                      keyward_grant(fixture->store, &host, "repo-1", "anna",
                                    (enum keyward_role)(KEYWARD_READER + i)),
                      KEYWARD_OK);
    for (int i = 0; i < 600; i++) {
        keyward_key *key = make_key(fixture, "repo-1", "CI", NULL);
        keyward_key_free(&key);
    }
}

static enum keyward_status check_with(struct fixture *fixture, struct progress *progress,
                                      keyward_report **report)
{
    const keyward_check_options options = {.progress = note_progress, .progress_context = progress};

    *report = (keyward_report *)progress;
    return keyward_check(fixture->store, &options, report);
}

START_TEST(progress_is_told_from_the_start_to_the_end)
{
    struct fixture f;
    struct progress progress = {.calls = 0};
    keyward_report *report;

    big_store(&f);
    assert_status(f.store, check_with(&f, &progress, &report), KEYWARD_OK);
    ck_assert_int_eq(progress.total, 1203);
    ck_assert_int_eq(progress.last_done, 1203);
    ck_assert_int_ge(progress.calls, 3); /* at the start, at the end, and now and then */
    ck_assert_int_eq(report->keys_checked, 600);
    ck_assert_int_eq(report->events_checked, 603);
    keyward_report_free(&report);
    fixture_close(&f);
}
END_TEST

START_TEST(a_check_can_be_cancelled_at_every_call)
{
    struct fixture f;
    struct progress all = {.calls = 0};
    keyward_report *report;

    big_store(&f);
    assert_status(f.store, check_with(&f, &all, &report), KEYWARD_OK);
    keyward_report_free(&report);
    for (int stop_at = 1; stop_at <= all.calls; stop_at++) {
        struct progress progress = {.stop_at = stop_at};

        assert_status(f.store, check_with(&f, &progress, &report), KEYWARD_CANCELLED);
        ck_assert_ptr_null(report);
        ck_assert_int_eq(progress.calls, stop_at);
        ck_assert_int_eq(keyward_last_error(f.store)->status, KEYWARD_CANCELLED);
    }
    assert_sound(&f);
    fixture_close(&f);
}
END_TEST

START_TEST(a_cancelled_check_does_not_report_what_it_found)
{
    struct scene s;
    struct progress progress = {.stop_at = 2};

    scene_open(&s);
    plant(&s, "DROP TRIGGER api_keys_stay");
    assert_status(s.f.store, check_with(&s.f, &progress, &s.report), KEYWARD_CANCELLED);
    ck_assert_ptr_null(s.report);
    scene_close(&s);
}
END_TEST

START_TEST(a_check_without_a_callback_is_fine)
{
    const keyward_check_options options = {.progress = NULL};
    struct scene s;

    scene_open(&s);
    assert_status(s.f.store, keyward_check(s.f.store, &options, &s.report), KEYWARD_OK);
    scene_close(&s);
}
END_TEST

/* ---- while others go on ---- */

struct writer {
    keyward *store;
    atomic_bool done;
    enum keyward_status status;
};

static void *write_on(void *context)
{
    struct writer *writer = context;
    const keyward_new_key new_key = {.name = "CI"};

    for (int i = 0; i < 100 && writer->status == KEYWARD_OK; i++) {
        keyward_secret *secret;
        keyward_key *key;

        writer->status =
            keyward_create_key(writer->store, &host, "repo-1", &new_key, &key, &secret);
        if (writer->status == KEYWARD_OK && i % 2)
            writer->status = keyward_delete_key(writer->store, &host, "repo-1", key->id, NULL);
        keyward_key_free(&key);
        keyward_secret_free(&secret);
    }
    atomic_store(&writer->done, true);
    return NULL;
}

START_TEST(a_check_sees_one_snapshot_while_others_write)
{
    struct scene s;
    struct writer writer = {.status = KEYWARD_OK};
    pthread_t thread;
    int64_t keys = 3, events = 7;
    bool last;

    scene_open(&s);
    writer.store = s.f.store;
    ck_assert_int_eq(pthread_create(&thread, NULL, write_on, &writer), 0);
    do {
        last = atomic_load(&writer.done);
        check_finds(&s, 0);
        ck_assert_int_ge(s.report->keys_checked, keys);
        ck_assert_int_ge(s.report->events_checked, events);
        keys = s.report->keys_checked;
        events = s.report->events_checked;
    } while (!last);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert_int_eq(writer.status, KEYWARD_OK);
    ck_assert_int_eq(keys, 103);
    ck_assert_int_eq(events, 157);
    scene_close(&s);
}
END_TEST

static int write_meanwhile(void *context, int64_t done, int64_t total)
{
    const char *path = context;

    (void)total;
    if (done == 0)
        ck_assert_int_eq(sql(path, "INSERT INTO audit_events (sequence, at, action) SELECT " NEXT
                                   ", " NOW ", 'access.granted'"),
                         SQLITE_OK);
    return 0;
}

START_TEST(what_is_written_during_a_check_is_left_for_the_next)
{
    struct scene s;
    const keyward_check_options options = {.progress = write_meanwhile,
                                           .progress_context = s.f.path};

    scene_open(&s);
    assert_status(s.f.store, keyward_check(s.f.store, &options, &s.report), KEYWARD_OK);
    ck_assert_int_eq(s.report->events_checked, 7);
    check_finds(&s, 0);
    ck_assert_int_eq(s.report->events_checked, 8);
    scene_close(&s);
}
END_TEST

/* ---- the rest of a key's life ---- */

#define DETAILS(name) " WHERE key_id = " KEY(name)

/* A scene whose deleted keys may be purged at once. */
static void life_open(struct scene *scene)
{
    scene_open(scene);
    scene->f.options.purge_retention = 1;
    scene->f.now += 1;
    fixture_reopen(&scene->f);
}

static void purge_gone(struct scene *scene)
{
    assert_status(scene->f.store,
                  keyward_purge_keys(scene->f.store, &anna, "repo-1", scene->gone, NULL),
                  KEYWARD_OK);
    check_finds(scene, 0);
}

/* Gives "first" a successor "second's junior". */
static void rotate_first(struct scene *scene)
{
    keyward_key *made;
    keyward_secret *secret;

    assert_status(
        scene->f.store,
        keyward_rotate_key(scene->f.store, &will, "repo-1", scene->first, NULL, &made, &secret),
        KEYWARD_OK);
    assert_status(scene->f.store,
                  keyward_rename_key(scene->f.store, &will, "repo-1", made->id, "junior"),
                  KEYWARD_OK);
    check_finds(scene, 0);
    keyward_key_free(&made);
    keyward_secret_free(&secret);
}

static void set_expiry(struct scene *scene, int64_t expires_at)
{
    assert_status(scene->f.store,
                  keyward_set_key_expiry(scene->f.store, &will, "repo-1", scene->first, expires_at),
                  KEYWARD_OK);
    check_finds(scene, 0);
}

START_TEST(a_key_is_sound_through_its_whole_life)
{
    struct scene s;
    const keyward_selection all = {.repo_id = "repo-1"};
    const keyward_new_key new_key = {.name = "imported", .secret = "theirs", .secret_length = 6};
    keyward_key *made;
    keyward_secret *shown;

    life_open(&s);
    set_expiry(&s, s.f.now + 1000);
    rotate_first(&s); /* keeps the earlier deadline */
    set_expiry(&s, 0);
    set_expiry(&s, s.f.now + 5);
    assert_status(s.f.store, keyward_reveal_key(s.f.store, &anna, "repo-1", s.second, &shown),
                  KEYWARD_OK);
    keyward_secret_free(&shown);
    assert_status(s.f.store, keyward_create_key(s.f.store, &will, "repo-1", &new_key, &made, NULL),
                  KEYWARD_OK);
    check_finds(&s, 0);
    s.f.now += 10;
    assert_status(s.f.store, keyward_delete_all_keys(s.f.store, &will, &all, NULL, NULL),
                  KEYWARD_OK);
    check_finds(&s, 0);
    assert_status(s.f.store, keyward_restore_key(s.f.store, &anna, "repo-1", s.first), KEYWARD_OK);
    check_finds(&s, 0);
    s.f.now += 10;
    assert_status(s.f.store, keyward_purge_keys(s.f.store, &anna, "repo-1", NULL, NULL),
                  KEYWARD_OK);
    check_finds(&s, 0);
    ck_assert_int_eq(sql_number(s.f.path, "SELECT count(*) FROM key_details"
                                          " WHERE purged_event IS NOT NULL"),
                     4);
    keyward_key_free(&made);
    scene_close(&s);
}
END_TEST

START_TEST(names_that_become_unique_and_free_again_are_sound)
{
    struct scene s;

    life_open(&s);
    rotate_first(&s);
    for (int i = 0; i < 4; i++) {
        s.f.options.names = i % 2 == 0 ? KEYWARD_NAMES_UNIQUE : KEYWARD_NAMES_FREE;
        fixture_reopen(&s.f);
        check_finds(&s, 0);
        assert_status(s.f.store,
                      keyward_rename_key(s.f.store, &will, "repo-1", s.second,
                                         i % 2 == 0 ? "second" : "renamed"),
                      KEYWARD_OK);
        drop_key(&s.f, "repo-1", s.second);
        check_finds(&s, 0);
        assert_status(s.f.store, keyward_restore_key(s.f.store, &anna, "repo-1", s.second),
                      KEYWARD_OK);
        check_finds(&s, 0);
    }
    scene_close(&s);
}
END_TEST

static const char of_last_event[] =
    "the key's deadline or successor is not the one of its last event";

START_TEST(a_deadline_that_no_event_set_is_found)
{
    static const char *const texts[] = {
        "UPDATE api_keys SET expires_at = 1 WHERE name = 'first'",
        "UPDATE api_keys SET expires_at = NULL WHERE name = 'first'",
        "UPDATE api_keys SET expires_at = expires_at + 1 WHERE name = 'first'",
    };
    struct scene s;

    life_open(&s);
    if (_i > 0)
        set_expiry(&s, s.f.now + 1000);
    plant_past(&s, "api_keys_expire_by_event", texts[_i]);
    assert_only_finding(&s, of_last_event, "repo-1", s.first, 0);
    scene_close(&s);
}
END_TEST

START_TEST(a_deadline_older_than_the_last_event_is_found)
{
    struct scene s;

    life_open(&s);
    set_expiry(&s, s.f.now + 1000);
    set_expiry(&s, s.f.now + 2000);
    plant_past(&s, "api_keys_expire_by_event",
               "UPDATE api_keys SET expires_at = (SELECT min(expires_at) FROM audit_events)"
               " WHERE name = 'first'");
    assert_only_finding(&s, of_last_event, "repo-1", s.first, 0);
    scene_close(&s);
}
END_TEST

START_TEST(a_successor_that_no_event_names_is_found)
{
    static const char *const texts[] = {
        "UPDATE key_details SET successor_id = NULL" DETAILS("first"),
        "UPDATE key_details SET successor_id = " KEY("second") DETAILS("first"),
    };
    struct scene s;

    life_open(&s);
    rotate_first(&s);
    plant_past(&s, "key_details_change_by_event", texts[_i]);
    assert_only_finding(&s, of_last_event, "repo-1", s.first, 0);
    scene_close(&s);
}
END_TEST

START_TEST(a_predecessor_that_is_not_the_creation_s_is_found)
{
    struct scene s;
    char *junior;

    life_open(&s);
    rotate_first(&s);
    junior = sql_text(s.f.path, "SELECT id FROM api_keys WHERE name = 'junior'");
    plant_past(&s, "key_details_change_by_event",
               "UPDATE key_details SET predecessor_id = " KEY("second") DETAILS("junior"));
    assert_only_finding(&s, "the key has no creation event of its own", "repo-1", junior, 0);
    free(junior);
    scene_close(&s);
}
END_TEST

START_TEST(a_purge_without_its_event_is_found)
{
    struct scene s;

    life_open(&s);
    plant_past(&s, "key_details_come_by_event",
               "INSERT INTO key_details (repo_id, key_id, purged_at, purged_event) SELECT 'repo-1',"
               " " KEY("gone") ", at, sequence FROM audit_events WHERE sequence = 7");
    check_finds(&s, 2);
    assert_found(&s, "the key is marked purged without the event of it", "repo-1", s.gone, 0);
    assert_found(&s, "the secret of a purged key is still there", "repo-1", s.gone, 0);
    scene_close(&s);
}
END_TEST

START_TEST(a_purge_at_another_time_is_found)
{
    struct scene s;

    life_open(&s);
    purge_gone(&s);
    plant_past(&s, "key_details_change_by_event",
               "UPDATE key_details SET purged_at = purged_at + 1" DETAILS("gone"));
    assert_only_finding(&s, "the key is marked purged without the event of it", "repo-1", s.gone,
                        0);
    scene_close(&s);
}
END_TEST

START_TEST(a_purge_event_without_its_mark_is_found)
{
    struct scene s;

    life_open(&s);
    purge_gone(&s);
    plant_past(&s, "key_details_change_by_event",
               "UPDATE key_details SET purged_at = NULL, purged_event = NULL" DETAILS("gone"));
    check_finds(&s, 2);
    assert_found(&s, "the key of a purge event is not marked with it", "repo-1", s.gone, 8);
    assert_found(&s, "the sealed secret does not open", "repo-1", s.gone, 0);
    scene_close(&s);
}
END_TEST

START_TEST(the_secret_of_a_purged_key_that_came_back_is_found)
{
    struct scene s;
    char *sealed, text[512];

    life_open(&s);
    sealed = sql_text(s.f.path, "SELECT hex(sealed) FROM sealed_secrets" DETAILS("gone"));
    purge_gone(&s);
    snprintf(text, sizeof text, "UPDATE sealed_secrets SET sealed = x'%s'" DETAILS("gone"), sealed);
    plant_past(&s, "sealed_secrets_stay_as_written", text);
    assert_only_finding(&s, "the secret of a purged key is still there", "repo-1", s.gone, 0);
    free(sealed);
    scene_close(&s);
}
END_TEST

START_TEST(a_purged_key_made_live_is_found)
{
    struct scene s;

    life_open(&s);
    purge_gone(&s);
    plant_past(&s, "audit_events_unmark_key",
               "INSERT INTO audit_events (sequence, at, action, repo_id, key_id) SELECT " NEXT
               ", " NOW ", 'key.restored', 'repo-1', " KEY("gone"));
    plant(&s, "UPDATE api_keys SET archived = 0, deleted_at = NULL, deleted_by = NULL,"
              " deleted_event = NULL WHERE name = 'gone'");
    assert_only_finding(&s, "the key is marked purged without the event of it", "repo-1", s.gone,
                        0);
    scene_close(&s);
}
END_TEST

START_TEST(an_imported_secret_that_is_not_the_event_s_is_found)
{
    const keyward_new_key new_key = {.name = "theirs", .secret = "theirs", .secret_length = 6};
    struct scene s;
    keyward_key *made;

    life_open(&s);
    assert_status(s.f.store, keyward_create_key(s.f.store, &will, "repo-1", &new_key, &made, NULL),
                  KEYWARD_OK);
    plant_past(&s, "audit_events_stay_as_written",
               "UPDATE audit_events SET sealed_sha256 = zeroblob(32) WHERE action ="
               " 'key.imported'");
    check_finds(&s, 2);
    assert_found(&s, "the sealed secret is not the one of the creation event", "repo-1", made->id,
                 0);
    assert_found(&s, not_its_leaf, NULL, NULL, 8);
    plant_past(&s, "audit_events_stay_as_written",
               "UPDATE audit_events SET action = 'key.import_denied' WHERE action ="
               " 'key.imported'");
    check_finds(&s, 2);
    assert_found(&s, "the key has no creation event of its own", "repo-1", made->id, 0);
    assert_found(&s, not_its_leaf, NULL, NULL, 8);
    keyward_key_free(&made);
    scene_close(&s);
}
END_TEST

START_TEST(details_of_no_key_and_names_of_no_holder_are_found)
{
    struct scene s;

    life_open(&s);
    plant(&s, "INSERT INTO key_details (repo_id, key_id) VALUES ('repo-1', 'nobody')");
    assert_only_finding(&s, "the details of a key belong to no key", "repo-1", "nobody", 0);
    scene_close(&s);
    life_open(&s);
    plant(&s, "INSERT INTO key_details (repo_id, key_id, held_name) SELECT 'repo-1', " KEY(
                  "gone") ", 'gone'");
    assert_only_finding(&s, "a name is held by no live key that has it", "repo-1", s.gone, 0);
    scene_close(&s);
    life_open(&s);
    plant(&s, "INSERT INTO key_details (repo_id, key_id, held_name) SELECT 'repo-1', " KEY(
                  "first") ", 'another'");
    assert_only_finding(&s, "a name is held by no live key that has it", "repo-1", s.first, 0);
    scene_close(&s);
}
END_TEST

/* ---- keys that others have added ---- */

START_TEST(a_data_key_that_another_process_added_opens)
{
    struct scene s;
    struct fixture other;
    keyward_key *made;

    scene_open(&s);
    other = s.f;
    assert_status(NULL, keyward_open(&other.store, s.f.path, &s.f.options), KEYWARD_OK);
    for (int i = 0; i < 3; i++) {
        assert_status(other.store, keyward_create_data_key(other.store, &host), KEYWARD_OK);
        made = make_key(&other, "repo-1", "by another", NULL);
        check_finds(&s, 0);
        ck_assert_int_eq(s.report->keys_checked, 4 + i);
        keyward_key_free(&made);
    }
    keyward_close(&other.store);
    scene_close(&s);
}
END_TEST

/* What was sealed before is sound to who has not got the new master key; what is younger he cannot
 * judge. */
START_TEST(a_master_key_that_another_process_changed_is_told)
{
    static const unsigned char bytes[KEYWARD_MASTER_KEY_BYTES] = "another master key of 32 bytes.";
    const keyward_master_key next = {.key = bytes};
    struct scene s;
    struct fixture other;
    keyward_key *made;
    keyward_report *report = NULL;

    scene_open(&s);
    other = s.f;
    assert_status(NULL, keyward_open(&other.store, s.f.path, &s.f.options), KEYWARD_OK);
    assert_status(other.store, keyward_change_master_key(other.store, &host, &next), KEYWARD_OK);
    check_finds(&s, 0);
    made = make_key(&other, "repo-1", "by another", NULL);
    assert_status(s.f.store, keyward_check(s.f.store, NULL, &report), KEYWARD_WRONG_MASTER_KEY);
    ck_assert_ptr_null(report);
    assert_sound(&other);
    keyward_close(&other.store);
    s.f.options.master_key = bytes;
    fixture_reopen(&s.f);
    check_finds(&s, 0);
    keyward_key_free(&made);
    scene_close(&s);
}
END_TEST

static TCase *secrets(void)
{
    TCase *tests = tcase_create("secrets");

    tcase_add_test(tests, a_sound_store_is_found_sound);
    tcase_add_test(tests, an_empty_store_is_sound);
    tcase_add_test(tests, a_key_deleted_and_restored_again_and_again_is_sound);
    tcase_add_test(tests, a_check_needs_somewhere_to_report);
    tcase_add_test(tests, a_sealed_secret_changed_by_a_bit_is_found);
    tcase_add_test(tests, the_sealed_secret_of_a_deleted_key_is_looked_at_too);
    tcase_add_test(tests, sealed_secrets_that_changed_places_are_found);
    tcase_add_test(tests, a_sealed_secret_under_another_key_s_name_is_found);
    tcase_add_test(tests, a_sealed_secret_that_is_missing_is_found);
    tcase_add_test(tests, a_sealed_secret_of_no_key_is_found);
    tcase_add_test(tests, a_second_sealed_secret_of_a_key_is_found);
    tcase_add_test(tests, a_hash_that_is_not_the_sealed_secret_s_is_found);
    tcase_add_test(tests, a_data_key_that_is_missing_is_found);
    return tests;
}

static TCase *keys_and_events(void)
{
    TCase *tests = tcase_create("keys and events");

    tcase_add_test(tests, a_key_marked_deleted_by_somebody_else_s_event_is_found);
    tcase_add_test(tests, a_key_marked_deleted_by_an_event_that_does_not_exist_is_found);
    tcase_add_test(tests, a_deletion_pointed_elsewhere_is_found_from_both_sides);
    tcase_add_loop_test(tests, a_deletion_at_another_time_or_by_another_actor_is_found, 0, 2);
    tcase_add_test(tests, a_fault_of_an_archived_key_is_found_as_well);
    tcase_add_test(tests, a_deleted_key_made_live_without_an_event_is_found);
    tcase_add_test(tests, a_deletion_event_without_its_marked_row_is_found);
    tcase_add_test(tests, a_deletion_event_of_no_key_is_found);
    tcase_add_test(tests, a_restoration_event_of_a_key_that_stayed_deleted_is_found);
    tcase_add_test(tests, a_key_marked_deleted_again_by_a_deletion_that_was_undone_is_found);
    tcase_add_test(tests, a_creation_event_without_its_key_is_found);
    tcase_add_test(tests, a_key_removed_from_its_events_is_found);
    tcase_add_test(tests, a_key_with_another_key_s_creation_event_is_found);
    tcase_add_loop_test(tests, a_key_that_is_not_as_it_was_created_is_found, 0, 3);
    tcase_add_test(tests, a_name_that_no_event_gave_is_found);
    tcase_add_loop_test(tests, a_role_that_no_event_gave_or_took_is_found, 0, 4);
    tcase_add_test(tests, a_role_that_was_taken_and_is_there_again_is_found);
    tcase_add_test(tests, a_name_that_is_not_held_where_names_are_unique_is_found);
    tcase_add_test(tests, a_gap_in_the_log_is_found);
    tcase_add_test(tests, a_log_without_its_beginning_is_found);
    tcase_add_test(tests, an_event_from_before_the_beginning_is_found);
    tcase_add_test(tests, a_jump_in_the_log_is_found);
    tcase_add_test(tests, time_that_goes_back_is_found);
    return tests;
}

static TCase *schema_and_file(void)
{
    TCase *tests = tcase_create("schema and file");

    tcase_add_test(tests, a_trigger_that_is_gone_is_found);
    tcase_add_test(tests, all_triggers_gone_are_found);
    tcase_add_test(tests, a_trigger_that_was_changed_is_found);
    tcase_add_loop_test(tests, what_was_added_to_the_schema_is_found, 0, 6);
    tcase_add_test(tests, a_column_that_was_added_is_found);
    tcase_add_test(tests, a_value_that_its_rule_forbids_is_found);
    tcase_add_loop_test(tests, a_damaged_page_is_found, 0, 4);
    tcase_add_test(tests, a_check_keeps_the_first_thousand_findings);
    tcase_add_test(tests, several_faults_are_all_found);
    tcase_add_test(tests, a_report_outlives_its_store);
    return tests;
}

static TCase *lives(void)
{
    TCase *tests = tcase_create("lives");

    tcase_add_test(tests, a_key_is_sound_through_its_whole_life);
    tcase_add_test(tests, names_that_become_unique_and_free_again_are_sound);
    tcase_add_loop_test(tests, a_deadline_that_no_event_set_is_found, 0, 3);
    tcase_add_test(tests, a_deadline_older_than_the_last_event_is_found);
    tcase_add_loop_test(tests, a_successor_that_no_event_names_is_found, 0, 2);
    tcase_add_test(tests, a_predecessor_that_is_not_the_creation_s_is_found);
    tcase_add_test(tests, a_purge_without_its_event_is_found);
    tcase_add_test(tests, a_purge_at_another_time_is_found);
    tcase_add_test(tests, a_purge_event_without_its_mark_is_found);
    tcase_add_test(tests, the_secret_of_a_purged_key_that_came_back_is_found);
    tcase_add_test(tests, a_purged_key_made_live_is_found);
    tcase_add_test(tests, an_imported_secret_that_is_not_the_event_s_is_found);
    tcase_add_test(tests, details_of_no_key_and_names_of_no_holder_are_found);
    tcase_add_test(tests, a_data_key_that_another_process_added_opens);
    tcase_add_test(tests, a_master_key_that_another_process_changed_is_told);
    return tests;
}

static TCase *progress_and_neighbours(void)
{
    TCase *tests = tcase_create("progress and neighbours");

    tcase_add_test(tests, progress_is_told_from_the_start_to_the_end);
    tcase_add_test(tests, a_check_can_be_cancelled_at_every_call);
    tcase_add_test(tests, a_cancelled_check_does_not_report_what_it_found);
    tcase_add_test(tests, a_check_without_a_callback_is_fine);
    tcase_add_test(tests, a_check_sees_one_snapshot_while_others_write);
    tcase_add_test(tests, what_is_written_during_a_check_is_left_for_the_next);
    return tests;
}

int main(void)
{
    Suite *suite = suite_create("check");

    suite_add_tcase(suite, secrets());
    suite_add_tcase(suite, keys_and_events());
    suite_add_tcase(suite, schema_and_file());
    suite_add_tcase(suite, lives());
    suite_add_tcase(suite, progress_and_neighbours());
    return run_suite(suite);
}
