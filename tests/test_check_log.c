/* SPDX-License-Identifier: MIT */
/*
 * The check of the audit log: whatever is edited in its events, their leaf hashes, the tree, the
 * checkpoints and the key is found, with the first event that does not fit; and nothing else is.
 */
#include "fault/findings.h"
#include "support/fixture.h"
#include "support/log.h"
#include "support/tree.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

static struct fixture f;
static char *log_key;

/* Checkpoints over so many events; the last two events have none. */
static const int sizes[] = {5, 300, 518};
#define EVENTS 520

static void open_plain(void)
{
    fixture_open(&f);
    f.options.durability = KEYWARD_SURVIVES_CRASH;
    fixture_reopen(&f);
    log_key = NULL;
}

static void open_signed(void)
{
    open_plain();
    log_key = log_key_of(&f);
    for (size_t i = 0; i < COUNT(sizes); i++) {
        keyward_text *checkpoint;
        append(&f, sizes[i] - (int)count_events(f.path));
        checkpoint = sign_checkpoint(&f);
        keyward_text_free(&checkpoint);
    }
    append(&f, EVENTS - (int)count_events(f.path));
    assert_sound(&f);
}

static void close_fixture(void)
{
    compose_free();
    free(log_key);
    fixture_close(&f);
}

/* ---- what is found ---- */

/* The findings in their order, "<sequence>: <problem>" each on a line of its own. */
static const char *found_with(const char *checkpoint, size_t length)
{
    const keyward_check_options options = {.checkpoint = checkpoint, .checkpoint_length = length};
    keyward_report *report = NULL;
    const char *text = "";
    enum keyward_status status = keyward_check(f.store, &options, &report);

    ck_assert_ptr_nonnull(report);
    assert_status(f.store, status, report->count == 0 ? KEYWARD_OK : KEYWARD_CORRUPT);
    ck_assert_int_eq(report->findings_total, (int64_t)report->count);
    for (size_t i = 0; i < report->count; i++) {
        const keyward_finding *finding = report->findings[i];
        /* The events here are grants: what is done to one of them is seen at the access as well. */
        if (strcmp(finding->problem, "a user's role is not the one of its last event") == 0)
            continue;
        ck_assert_ptr_null(finding->repo_id);
        ck_assert_ptr_null(finding->key_id);
        text = compose("%s%lld: %s\n", text, (long long)finding->sequence, finding->problem);
    }
    if (report->count > 0)
        assert_findings_need_memory(f.store, &options);
    keyward_report_free(&report);
    return text;
}

static const char *found(void)
{
    return found_with(NULL, 0);
}

#define LEAF "the event is not the one that its leaf hash was made of\n"
#define BARE "the event's leaf hash is missing\n"
#define STRANGE "the event is not one that keyward writes\n"
#define MISSING "events before this one are missing\n"
#define TILE "the tree has another hash of the events up to this one\n"
#define LACKS "the tree lacks the hash of the events up to this one\n"
#define STRANGER "the tree has a hash that belongs to no events\n"
#define STRANGER "the tree has a hash that belongs to no events\n"
#define NO_EVENTS "the tree has a hash of events that are not there\n"
#define HEAD "the events up to this one are not those of its checkpoint\n"
#define CUT "the log was cut off before this event: a checkpoint covers more\n"
#define UNSIGNED "a checkpoint in the store is not one that was signed\n"
#define GIVEN "the events up to this one are not those of the given checkpoint\n"

/* ---- columns ---- */

/* Of an event "access.granted" that the library has appended. */
static const char *const columns[] = {
    "at = at", /* is no edit */
    "action = 'access.revoked'",
    "action = 'key.delete_denied'",
    "actor_id = 'mallory'",
    "actor_id = ''",
    "repo_id = 'repo-8'",
    "repo_id = NULL",
    "key_id = 'key'",
    "user_id = user_id || ' '",
    "user_id = NULL",
    "user_id = 'USER'",
    "name = 'name'",
    "name = ''",
    "previous_name = 'name'",
    "provider = 'AWS'",
    "role = 'admin'",
    "role = NULL",
    "reason = 'unused'",
    "reason_text = 'because'",
    "request_id = 'request'",
    "client_address = '::1'",
    "user_agent = 'agent'",
    "sealed_sha256 = zeroblob(32)",
    "other_key_id = 'key'",
    "expires_at = 1",
    "expires_at = -1",
    "leaf = zeroblob(32)",
};

static void edit(const char *what, int sequence)
{
    rewrite(&f, compose("UPDATE audit_events SET %s WHERE sequence = %d", what, sequence));
}

/* What follows from an edited event: the hash of its tile, and each checkpoint that covers it. An
 * edited leaf hash alone is not what these were made of. */
static const char *consequences(int sequence, bool of_event)
{
    const char *text = compose("%d: " LEAF, sequence);

    for (int size = sequence; of_event && size <= EVENTS; size++) {
        if (size % 256 == 0 && size - 256 < sequence)
            text = compose("%s%d: " TILE, text, size);
        if (size == 5 || size == 300 || size == 518)
            text = compose("%s%d: " HEAD, text, size);
    }
    return text;
}

static const int rows[] = {4, 5, 6, 255, 256, 257, 300, 301, 512, 513, 518, 519, 520};

START_TEST(every_column_of_every_event_is_under_its_hash)
{
    static const int few[] = {100, 515, 520};

    for (size_t i = 0; i < COUNT(few); i++) {
        char *before =
            sql_text(f.path, compose("SELECT quote(%.*s) FROM audit_events WHERE sequence = %d",
                                     (int)strcspn(columns[_i], " "), columns[_i], few[i]));
        edit(columns[_i], few[i]);
        ck_assert_str_eq(found(),
                         _i == 0 ? "" : consequences(few[i], _i + 1 < (int)COUNT(columns)));
        edit(compose("%.*s = %s", (int)strcspn(columns[_i], " "), columns[_i], before), few[i]);
        ck_assert_str_eq(found(), "");
        free(before);
    }
}
END_TEST

START_TEST(an_event_is_found_wherever_it_stands)
{
    edit("role = 'admin'", rows[_i]);
    ck_assert_str_eq(found(), consequences(rows[_i], true));
    fixture_reopen(&f);
    ck_assert_str_eq(found(), consequences(rows[_i], true));
}
END_TEST

START_TEST(a_time_that_still_fits_between_its_neighbours_is_found)
{
    f.now += 100;
    append(&f, 1);
    edit("at = at - 50", EVENTS + 1);
    ck_assert_str_eq(found(), "521: " LEAF);
}
END_TEST

/* What the event's text does not show. */
static const char *const hidden[] = {
    "actor_id = char(0)", /* shown as "" */
    "repo_id = repo_id || char(0)",
    "repo_id = repo_id || char(0) || 'x'",
    "user_id = user_id || char(0) || 'x'",
    "role = role || char(0) || 'x'",
    "expires_at = 0",
};

START_TEST(what_no_reader_sees_is_found)
{
    static const int few[] = {100, 256, 515, 520};

    for (size_t i = 0; i < COUNT(few); i++) {
        const char *column = compose("%.*s", (int)strcspn(hidden[_i], " "), hidden[_i]);
        char *before = sql_text(f.path, compose("SELECT quote(%s) FROM audit_events WHERE sequence"
                                                " = %d",
                                                column, few[i]));
        edit(hidden[_i], few[i]);
        if (_i == 0) {
            ck_assert_str_eq(found(),
                             compose("%d: " STRANGE "%s", few[i], consequences(few[i], true)));
        } else {
            ck_assert_str_eq(found(), compose("%d: " STRANGE, few[i]));
        }
        edit(compose("%s = %s", column, before), few[i]);
        ck_assert_str_eq(found(), "");
        free(before);
    }
}
END_TEST

/* A row that makes no event at all; SQLite's own check sees it as well. */
START_TEST(a_row_that_is_no_event_keeps_its_place)
{
    static const char by_sqlite[] =
        "0: SQLite's integrity check: CHECK constraint failed in audit_events\n";

    rewrite(&f, "PRAGMA ignore_check_constraints = ON; UPDATE audit_events SET sealed_sha256 ="
                " zeroblob(31) WHERE sequence = 100");
    ck_assert_str_eq(found(), compose("%s100: " STRANGE, by_sqlite));
}
END_TEST

/* ---- leaf hashes ---- */

static const struct {
    const char *where, *problems;
} bared[] = {
    {"sequence = 100", "100: " BARE},
    {"sequence = 1", "1: " BARE},
    {"sequence = 256", "256: " BARE},
    {"sequence = 512", "512: " BARE},
    {"sequence BETWEEN 200 AND 256", "200: " BARE},
    {"sequence <= 256", "1: " BARE},
    {"sequence <= 512", "1: " BARE "257: " BARE},
    {"sequence IN (10, 20, 30)", "10: " BARE "20: " BARE "30: " BARE},
    {"sequence = 513", "513: " BARE},
    {"sequence = 519", "519: " BARE},
    /* the last ones look as if somebody had appended them by hand */
    {"sequence = 520", ""},
    {"sequence > 512", ""},
    {"sequence >= 512", "512: " BARE},
};

START_TEST(a_leaf_hash_that_is_missing_is_found)
{
    rewrite(&f, compose("UPDATE audit_events SET leaf = NULL WHERE %s", bared[_i].where));
    ck_assert_str_eq(found(), bared[_i].problems);
}
END_TEST

/* An event that was edited and bared is caught by what was made of it before. */
START_TEST(an_edited_event_without_its_leaf_hash_is_found)
{
    edit("role = 'admin', leaf = NULL", 100);
    ck_assert_str_eq(found(), "100: " BARE "256: " TILE "300: " HEAD "518: " HEAD);
    edit("role = 'reader', leaf = NULL", 100);
    edit("role = 'admin', leaf = NULL", 518);
    edit("leaf = NULL", 519);
    edit("leaf = NULL", 520);
    ck_assert_str_eq(found(), "100: " BARE "518: " HEAD);
}
END_TEST

/* With an own leaf hash, too. */
START_TEST(an_event_edited_with_its_leaf_hash_is_found)
{
    static const int few[] = {100, 515};

    for (size_t i = 0; i < COUNT(few); i++) {
        struct tree tree;
        char hex[65];
        edit("role = 'admin'", few[i]);
        tree_open(&tree, &f);
        sodium_bin2hex(hex, sizeof hex, tree.leaves[few[i] - 1].bytes, 32);
        tree_close(&tree);
        edit(compose("leaf = x'%s'", hex), few[i]);
    }
    ck_assert_str_eq(found(), "256: " TILE "300: " HEAD "518: " HEAD);
}
END_TEST

/* ---- events ---- */

static const struct {
    const char *text, *problems;
} moved[] = {
    /* removed */
    {"DELETE FROM audit_events WHERE sequence = 100",
     "101: " MISSING "256: " TILE "300: " HEAD "512: " TILE "518: " HEAD},
    {"DELETE FROM audit_events WHERE sequence = 1",
     "2: " MISSING "5: " HEAD "256: " TILE "300: " HEAD "512: " TILE "518: " HEAD},
    {"DELETE FROM audit_events WHERE sequence = 514", "515: " MISSING "518: " HEAD},
    {"DELETE FROM audit_events WHERE sequence = 519", "520: " MISSING},
    {"DELETE FROM audit_events WHERE sequence = 520", ""}, /* nothing covers it */
    {"DELETE FROM audit_events WHERE sequence >= 518", "518: " CUT},
    {"DELETE FROM audit_events WHERE sequence > 511", "512: " NO_EVENTS "512: " CUT},
    {"DELETE FROM audit_events WHERE sequence > 300", "512: " NO_EVENTS "301: " CUT},
    {"DELETE FROM audit_events WHERE sequence > 4", "256: " NO_EVENTS "512: " NO_EVENTS "5: " CUT},
    {"DELETE FROM audit_events", "256: " NO_EVENTS "512: " NO_EVENTS "1: " CUT},
    /* swapped */
    {"UPDATE audit_events SET sequence = 1000 WHERE sequence = 518; UPDATE audit_events SET"
     " sequence = 518 WHERE sequence = 519; UPDATE audit_events SET sequence = 519 WHERE sequence"
     " = 1000",
     "518: " LEAF "518: " HEAD "519: " LEAF},
    {"UPDATE audit_events SET sequence = 1000 WHERE sequence = 519; UPDATE audit_events SET"
     " sequence = 519 WHERE sequence = 520; UPDATE audit_events SET sequence = 520 WHERE sequence"
     " = 1000",
     "519: " LEAF "520: " LEAF},
    /* duplicated, inserted */
    {"INSERT INTO audit_events (sequence, at, action, repo_id, user_id, role, leaf) SELECT 521, at,"
     " action, repo_id, user_id, role, leaf FROM audit_events WHERE sequence = 520",
     "521: " LEAF},
    {"UPDATE audit_events SET sequence = sequence + 1000 WHERE sequence > 518; UPDATE audit_events"
     " SET sequence = sequence - 999 WHERE sequence > 1000; INSERT INTO audit_events (sequence, at,"
     " action) SELECT 519, at, 'access.granted' FROM audit_events WHERE sequence = 520",
     "519: " BARE "520: " LEAF "521: " LEAF},
    {"INSERT INTO audit_events (sequence, at, action) VALUES (0, 0, 'access.granted')",
     "0: " MISSING "0: " BARE "5: " HEAD "256: " TILE "300: " HEAD "512: " TILE "518: " HEAD},
    /* a leaf hash of another sequence's event after one is missing: it is named by its own */
    {"DELETE FROM audit_events WHERE sequence = 514; UPDATE audit_events SET role = 'admin' WHERE"
     " sequence = 520",
     "515: " MISSING "518: " HEAD "520: " LEAF},
};

START_TEST(events_that_were_removed_moved_or_added_are_found)
{
    rewrite(&f, moved[_i].text);
    ck_assert_str_eq(found(), moved[_i].problems);
}
END_TEST

/* ---- the tree ---- */

#define IN_SPITE_OF_CHECKS "PRAGMA ignore_check_constraints = ON; "
#define FAILED_CHECK "0: SQLite's integrity check: CHECK constraint failed in audit_tree\n"

static const struct {
    const char *text, *problems;
} trees[] = {
    {"UPDATE audit_tree SET hash = zeroblob(32) WHERE position = 0", "256: " TILE},
    {"UPDATE audit_tree SET hash = zeroblob(32)", "256: " TILE "512: " TILE},
    {"UPDATE audit_tree SET hash = (SELECT hash FROM audit_tree WHERE position = 1 - t.position)"
     " FROM audit_tree AS t WHERE t.position = audit_tree.position AND audit_tree.position = 0",
     "256: " TILE},
    {"DELETE FROM audit_tree WHERE position = 0", "256: " LACKS},
    {"UPDATE audit_tree SET position = 7 WHERE position = 0", "256: " LACKS "2048: " NO_EVENTS},
    {"UPDATE audit_tree SET level = 2 WHERE position = 0", "256: " LACKS "65536: " NO_EVENTS},
    {"INSERT INTO audit_tree VALUES (1, 2, zeroblob(32))", "768: " NO_EVENTS},
    {"INSERT INTO audit_tree VALUES (2, 0, zeroblob(32))", "65536: " NO_EVENTS},
    {"INSERT INTO audit_tree VALUES (1, 9, zeroblob(32)), (3, 5, zeroblob(32))",
     "2560: " NO_EVENTS "100663296: " NO_EVENTS},
    /* of a level and below the one that is due with the same event, or with none */
    {IN_SPITE_OF_CHECKS "INSERT INTO audit_tree VALUES (0, 5, zeroblob(32))",
     FAILED_CHECK "256: " STRANGER},
    {IN_SPITE_OF_CHECKS "INSERT INTO audit_tree VALUES (0, 255, zeroblob(32)), (0, 300, x'00')",
     FAILED_CHECK FAILED_CHECK "256: " STRANGER "512: " STRANGER},
    {IN_SPITE_OF_CHECKS
     "DELETE FROM audit_tree; INSERT INTO audit_tree VALUES (0, 5, zeroblob(32))",
     FAILED_CHECK "256: " STRANGER},
    /* the last ones look as if an upgrade had not come to them yet */
    {"DELETE FROM audit_tree WHERE position = 1", ""},
    {"DELETE FROM audit_tree", ""},
};

START_TEST(every_change_of_the_tree_is_found)
{
    rewrite(&f, trees[_i].text);
    ck_assert_str_eq(found(), trees[_i].problems);
}
END_TEST

START_TEST(the_last_hashes_that_are_missing_are_made_up_for)
{
    rewrite(&f, "DELETE FROM audit_tree; UPDATE audit_events SET leaf = NULL");
    ck_assert_str_eq(found(), "");
    fixture_reopen(&f);
    assert_tree(&f);
    ck_assert_str_eq(found(), "");
}
END_TEST

/* They go with the file: a new tree over rewritten events is another than the signed one. */
START_TEST(a_tree_made_anew_does_not_fit_the_checkpoints)
{
    rewrite(&f, "DELETE FROM audit_tree; UPDATE audit_events SET leaf = NULL;"
                " UPDATE audit_events SET role = 'admin' WHERE sequence = 301");
    fixture_reopen(&f);
    assert_tree(&f);
    ck_assert_str_eq(found(), "518: " HEAD);
}
END_TEST

START_TEST(a_second_level_is_checked)
{
    append_by_hand(&f, 65540);
    fixture_reopen(&f);
    ck_assert_str_eq(found(), "");
    rewrite(&f, "UPDATE audit_tree SET hash = zeroblob(32) WHERE level = 2");
    ck_assert_str_eq(found(), "65536: " TILE);
    rewrite(&f, "DELETE FROM audit_tree WHERE level = 2");
    ck_assert_str_eq(found(), "65536: " LACKS);
    rewrite(&f, "INSERT INTO audit_tree VALUES (2, 0, (SELECT hash FROM audit_tree WHERE position ="
                " 255)); UPDATE audit_tree SET hash = zeroblob(32) WHERE position = 255");
    ck_assert_str_eq(found(), "65536: " TILE "65536: " TILE);
}
END_TEST

/* ---- checkpoints and the key ---- */

#define ALL_UNSIGNED "5: " UNSIGNED "300: " UNSIGNED "518: " UNSIGNED
#define KEY_DAMAGED "0: the key of the audit log is damaged\n"

static const struct {
    const char *text, *problems;
} heads[] = {
    {"UPDATE audit_checkpoints SET note = replace(note, '300', '301')", "300: " UNSIGNED},
    {"UPDATE audit_checkpoints SET note = (SELECT note FROM audit_checkpoints WHERE size = 5)",
     "300: " UNSIGNED "518: " UNSIGNED},
    {"UPDATE audit_checkpoints SET size = 299 WHERE size = 300", "299: " UNSIGNED},
    {"UPDATE audit_checkpoints SET note = note || char(10) WHERE size = 300", "300: " UNSIGNED},
    {"UPDATE audit_checkpoints SET note = note || char(0) WHERE size = 300", "300: " UNSIGNED},
    {"UPDATE audit_checkpoints SET note = '' WHERE size = 518", "518: " UNSIGNED},
    /* the signature's last four bits: to others than they are */
    {"UPDATE audit_checkpoints SET note = substr(note, 1, length(note) - 3) ||"
     " iif(substr(note, -3, 1) = 'A', 'E=', 'A=') || char(10) WHERE size = 5",
     "5: " UNSIGNED},
    {"INSERT INTO audit_checkpoints SELECT 519, 0, note FROM audit_checkpoints WHERE size = 518",
     "519: " UNSIGNED},
    {"INSERT INTO audit_checkpoints VALUES (9999, 0, 'x')", "9999: " UNSIGNED},
    /* nobody but who has kept it knows of a checkpoint that is gone */
    {"DELETE FROM audit_checkpoints WHERE size = 300", ""},
    {"DELETE FROM audit_checkpoints", ""},
    {"DELETE FROM audit_log_key", ALL_UNSIGNED},
    {"UPDATE audit_log_key SET public_key = zeroblob(32)", KEY_DAMAGED ALL_UNSIGNED},
    {"UPDATE audit_log_key SET origin = 'example.com/keyz'", KEY_DAMAGED ALL_UNSIGNED},
    {"UPDATE audit_log_key SET origin = 'with space'", KEY_DAMAGED ALL_UNSIGNED},
    {"UPDATE audit_log_key SET origin = origin || char(0) || 'x'", KEY_DAMAGED ALL_UNSIGNED},
    {"UPDATE audit_log_key SET sealed = zeroblob(72)", KEY_DAMAGED},
    {"UPDATE audit_log_key SET data_key_id = 2", KEY_DAMAGED "0: a row refers to one that does not"
                                                             " exist, in table: audit_log_key\n"},
};

START_TEST(every_change_of_checkpoints_and_key_is_found)
{
    rewrite(&f, heads[_i].text);
    ck_assert_str_eq(found(), heads[_i].problems);
}
END_TEST

/* ---- against a checkpoint that was kept elsewhere ---- */

static const char *signed_now(void)
{
    keyward_text *checkpoint = sign_checkpoint(&f);
    const char *text = compose("%s", checkpoint->text);

    keyward_text_free(&checkpoint);
    return text;
}

static const char *found_against(const char *checkpoint)
{
    return found_with(checkpoint, strlen(checkpoint));
}

static char *note_of(int size)
{
    return sql_text(f.path, compose("SELECT note FROM audit_checkpoints WHERE size = %d", size));
}

START_TEST(every_checkpoint_of_the_log_is_continued)
{
    for (size_t i = 0; i < COUNT(sizes); i++) {
        char *note = note_of(sizes[i]);
        ck_assert_str_eq(found_against(note), "");
        rewrite(&f, compose("DELETE FROM audit_checkpoints WHERE size = %d", sizes[i]));
        ck_assert_str_eq(found_against(note), "");
        free(note);
    }
    ck_assert_str_eq(found_against(signed_now()), "");
}
END_TEST

START_TEST(who_has_a_checkpoint_sees_what_the_store_cannot)
{
    const char *kept = signed_now();

    rewrite(&f, "DELETE FROM audit_checkpoints");
    edit("role = 'admin', leaf = NULL", 520);
    ck_assert_str_eq(found(), "");
    ck_assert_str_eq(found_against(kept), "520: " GIVEN);
    rewrite(&f, "DELETE FROM audit_events WHERE sequence = 520");
    ck_assert_str_eq(found(), "");
    ck_assert_str_eq(found_against(kept), "520: " CUT);
    rewrite(&f, "DELETE FROM audit_events WHERE sequence > 515");
    ck_assert_str_eq(found_against(kept), "516: " CUT);
}
END_TEST

START_TEST(an_event_is_found_before_the_checkpoints_that_cover_it)
{
    char *kept = note_of(300);

    edit("role = 'admin'", 299);
    ck_assert_str_eq(found_against(kept),
                     "299: " LEAF "300: " GIVEN "300: " HEAD "512: " TILE "518: " HEAD);
    free(kept);
}
END_TEST

#define NOT_OURS "0: the given checkpoint is not one of this log: "

START_TEST(a_checkpoint_of_another_log_is_told_apart)
{
    char *kept = note_of(300);
    struct signer other = signer_of(1, ORIGIN, 9);
    const char *body = compose("%.*s", (int)(strstr(kept, "\n\n") + 1 - kept), kept);

    ck_assert_str_eq(found_against("x"), NOT_OURS "the checkpoint: does not end with a new line\n");
    ck_assert_str_eq(found_with("", 0), NOT_OURS "the checkpoint: is empty\n");
    ck_assert_str_eq(found_against(compose("other%s", kept)),
                     NOT_OURS "the checkpoint: is of another log: its origin is not the name of the"
                              " log's key\n");
    ck_assert_str_eq(found_against(compose("%s\n%s", body, signed_line(&other, body, 0))),
                     NOT_OURS "the checkpoint: is not signed by the log's key\n");
    rewrite(&f, "DELETE FROM audit_log_key; DELETE FROM audit_checkpoints");
    ck_assert_str_eq(found_against(kept), NOT_OURS "the store has no key of the log\n");
    free(kept);
}
END_TEST

START_TEST(a_length_without_a_checkpoint_is_a_mistake)
{
    const keyward_check_options options = {.checkpoint_length = 1};
    keyward_report *report = (keyward_report *)&f;

    assert_invalid(f.store, keyward_check(f.store, &options, &report), "options.checkpoint");
    ck_assert_ptr_null(report);
}
END_TEST

/* ---- a log that was damaged goes on ---- */

static const struct {
    const char *text;
    int64_t tiles; /* rows of audit_tree after 301 events more, where 3 should be */
    const char *problems;
} damages[] = {
    {"DELETE FROM audit_events WHERE sequence = 515", 2, "516: " MISSING "518: " HEAD},
    {"UPDATE audit_events SET leaf = NULL WHERE sequence = 515", 2, "515: " BARE},
    {"INSERT INTO audit_tree VALUES (1, 2, zeroblob(32))", 3, "768: " TILE},
    {"INSERT INTO audit_tree VALUES (1, 9, zeroblob(32))", 3, "768: " LACKS "2560: " NO_EVENTS},
    {"DELETE FROM audit_tree WHERE position = 0", 2, "256: " LACKS},
    {"DELETE FROM audit_tree; DELETE FROM audit_events WHERE sequence = 100", 0,
     "101: " MISSING "300: " HEAD "518: " HEAD},
};

/* Keys can be deleted still: it is the check and the next checkpoint that tell. */
START_TEST(a_damaged_log_is_still_written)
{
    rewrite(&f, damages[_i].text);
    append(&f, 300);
    fixture_reopen(&f);
    append(&f, 1);
    ck_assert_int_eq(sql_number(f.path, "SELECT max(sequence) FROM audit_events"), EVENTS + 301);
    ck_assert_int_eq(sql_number(f.path, "SELECT count(*) FROM audit_tree"), damages[_i].tiles);
    ck_assert_str_eq(found(), damages[_i].problems);
}
END_TEST

/* What the library appends later does not stand for an event that was edited and lost its leaf. */
START_TEST(a_lost_leaf_hash_is_not_made_anew)
{
    edit("role = 'admin', leaf = NULL", 519);
    ck_assert_str_eq(found(), "519: " BARE);
    append_by_hand(&f, 3);
    append(&f, 1);
    ck_assert_str_eq(found(), "519: " BARE);
    append(&f, 768 - EVENTS);
    fixture_reopen(&f);
    ck_assert_str_eq(found(), "519: " BARE);
    edit("role = 'reader'", 519);
    ck_assert_str_eq(found(), "519: " BARE);
}
END_TEST

START_TEST(a_stray_hash_of_the_second_level_stops_nobody)
{
    rewrite(&f, "INSERT INTO audit_tree VALUES (2, 0, zeroblob(32))");
    append_by_hand(&f, 65000);
    fixture_reopen(&f);
    append(&f, 300);
    ck_assert_str_eq(found(), "65536: " TILE);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("check_log");
    TCase *events = suite_add_case(suite, "events", open_signed, close_fixture);
    TCase *tree = suite_add_case(suite, "tree", open_signed, close_fixture);
    TCase *signed_heads = suite_add_case(suite, "heads", open_signed, close_fixture);

    tcase_add_loop_test(events, every_column_of_every_event_is_under_its_hash, 0,
                        (int)COUNT(columns));
    tcase_add_loop_test(events, an_event_is_found_wherever_it_stands, 0, (int)COUNT(rows));
    tcase_add_test(events, a_time_that_still_fits_between_its_neighbours_is_found);
    tcase_add_loop_test(events, what_no_reader_sees_is_found, 0, (int)COUNT(hidden));
    tcase_add_test(events, a_row_that_is_no_event_keeps_its_place);
    tcase_add_loop_test(events, a_leaf_hash_that_is_missing_is_found, 0, (int)COUNT(bared));
    tcase_add_test(events, an_edited_event_without_its_leaf_hash_is_found);
    tcase_add_test(events, an_event_edited_with_its_leaf_hash_is_found);
    tcase_add_loop_test(events, events_that_were_removed_moved_or_added_are_found, 0,
                        (int)COUNT(moved));
    tcase_add_loop_test(tree, every_change_of_the_tree_is_found, 0, (int)COUNT(trees));
    tcase_add_test(tree, the_last_hashes_that_are_missing_are_made_up_for);
    tcase_add_test(tree, a_tree_made_anew_does_not_fit_the_checkpoints);
    tcase_add_test(tree, a_second_level_is_checked);
    tcase_add_loop_test(tree, a_damaged_log_is_still_written, 0, (int)COUNT(damages));
    tcase_add_test(tree, a_lost_leaf_hash_is_not_made_anew);
    tcase_add_test(tree, a_stray_hash_of_the_second_level_stops_nobody);
    tcase_add_loop_test(signed_heads, every_change_of_checkpoints_and_key_is_found, 0,
                        (int)COUNT(heads));
    tcase_add_test(signed_heads, every_checkpoint_of_the_log_is_continued);
    tcase_add_test(signed_heads, who_has_a_checkpoint_sees_what_the_store_cannot);
    tcase_add_test(signed_heads, an_event_is_found_before_the_checkpoints_that_cover_it);
    tcase_add_test(signed_heads, a_checkpoint_of_another_log_is_told_apart);
    tcase_add_test(signed_heads, a_length_without_a_checkpoint_is_a_mistake);
    return run_suite(suite);
}
