/* SPDX-License-Identifier: MIT */
/* What stands below everything: text, ids, results, error records, words, files, deadlines. */
#include "base/buffer.h"
#include "base/deadline.h"
#include "base/error.h"
#include "base/file.h"
#include "base/result.h"
#include "base/status.h"
#include "base/text.h"
#include "base/uuid.h"
#include "fault/memory.h"
#include "support/fixture.h"

#include <errno.h>
#include <pthread.h>
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* ---- UTF-8 ---- */

struct bytes {
    size_t length;
    const char *bytes;
};
#define BYTES(text)                      \
    {                                    \
        .length = sizeof(text) - 1, text \
    }

static const struct bytes well_formed[] = {
    BYTES(""),
    BYTES("a"),
    BYTES("\x01\x7F"),
    BYTES("\xC2\x80"),         /* the first of two bytes */
    BYTES("\xDF\xBF"),         /* the last of two */
    BYTES("\xE0\xA0\x80"),     /* the first of three */
    BYTES("\xED\x9F\xBF"),     /* the last before the surrogates */
    BYTES("\xEE\x80\x80"),     /* the first behind them */
    BYTES("\xEF\xBF\xBF"),     /* the last of three */
    BYTES("\xF0\x90\x80\x80"), /* the first of four */
    BYTES("\xF4\x8F\xBF\xBF"), /* U+10FFFF */
    BYTES("Zo\xC3\xAB \xE2\x82\xAC \xF0\x9F\x94\x91"),
};

static const struct bytes ill_formed[] = {
    BYTES("\0"),
    BYTES("a\0b"),
    BYTES("\x80"), /* a continuation alone */
    BYTES("\xBF"),
    BYTES("\xC0\x80"), /* NUL in two bytes */
    BYTES("\xC1\xBF"), /* overlong */
    BYTES("\xC2"),     /* cut off */
    BYTES("\xC2\x41"),
    BYTES("\xC2\xC2\x80"),
    BYTES("\xE0\x80\x80"), /* overlong */
    BYTES("\xE0\x9F\xBF"),
    BYTES("\xE2\x82"), /* cut off */
    BYTES("\xE2\x82\x28"),
    BYTES("\xE2\x28\xAC"),
    BYTES("\xED\xA0\x80"), /* the first surrogate */
    BYTES("\xED\xBF\xBF"), /* the last */
    BYTES("\xF0\x80\x80\x80"),
    BYTES("\xF0\x8F\xBF\xBF"), /* overlong */
    BYTES("\xF0\x90\x80"),     /* cut off */
    BYTES("\xF0\x90\x28\x80"),
    BYTES("\xF0\x90\x80\x28"),
    BYTES("\xF4\x90\x80\x80"), /* U+110000 */
    BYTES("\xF5\x80\x80\x80"),
    BYTES("\xF8\x88\x80\x80\x80"),
    BYTES("\xFE"),
    BYTES("\xFF"),
    BYTES("fine until here \xFF and fine again"),
};

START_TEST(well_formed_text_is_utf8)
{
    const struct bytes *text = &well_formed[_i];
    ck_assert(text_is_utf8(text->bytes, text->length));
}
END_TEST

START_TEST(ill_formed_text_is_not_utf8)
{
    const struct bytes *text = &ill_formed[_i];
    ck_assert(!text_is_utf8(text->bytes, text->length));
}
END_TEST

START_TEST(every_code_point_is_told_from_a_surrogate)
{
    for (unsigned point = 0x800; point <= 0xFFFF; point++) {
        const char text[3] = {(char)(0xE0 | point >> 12), (char)(0x80 | (point >> 6 & 0x3F)),
                              (char)(0x80 | (point & 0x3F))};
        bool surrogate = point >= 0xD800 && point <= 0xDFFF;
        ck_assert_msg(text_is_utf8(text, sizeof text) == !surrogate, "U+%04X", point);
    }
}
END_TEST

START_TEST(text_ends_where_its_length_says)
{
    ck_assert(text_is_utf8("abc\xFF", 3));
    ck_assert(!text_is_utf8("abc\xE2\x82\xAC", 5)); /* the third byte of the sign is not ours */
}
END_TEST

/* ---- ids ---- */

static const unsigned char zeros[UUID_RANDOM_BYTES];
static const unsigned char ones[UUID_RANDOM_BYTES] = {0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
                                                      0xFF, 0xFF, 0xFF, 0xFF, 0xFF};

START_TEST(an_id_is_a_uuid_of_version_7)
{
    char id[UUID_TEXT_SIZE];

    uuid_after(NULL, 0x018BCFE56800, zeros, id);
    ck_assert_str_eq(id, "018bcfe5-6800-7000-8000-000000000000");
    uuid_after(NULL, 0x018BCFE56800, ones, id);
    ck_assert_str_eq(id, "018bcfe5-6800-77ff-bfff-ffffffffffff"); /* room to count up */
}
END_TEST

START_TEST(the_random_bytes_stand_in_their_places)
{
    const unsigned char random[UUID_RANDOM_BYTES] = {0x01, 0x23, 0x45, 0x67, 0x89,
                                                     0xAB, 0xCD, 0xEF, 0x10, 0x32};
    char id[UUID_TEXT_SIZE];

    uuid_after(NULL, 1, random, id);
    ck_assert_str_eq(id, "00000000-0001-7123-8567-89abcdef1032");
}
END_TEST

START_TEST(version_and_variant_stand_whatever_the_random_bytes_are)
{
    unsigned char random[UUID_RANDOM_BYTES];
    char id[UUID_TEXT_SIZE];

    for (int byte = 0; byte < 256; byte++) {
        memset(random, byte, sizeof random);
        uuid_after(NULL, 1700000000000, random, id);
        ck_assert_uint_eq(strlen(id), UUID_TEXT_SIZE - 1);
        ck_assert_int_eq(id[14], '7');
        ck_assert_ptr_nonnull(strchr("89ab", id[19]));
        for (int i = 0; i < UUID_TEXT_SIZE - 1; i++) {
            bool dash = i == 8 || i == 13 || i == 18 || i == 23;
            ck_assert(dash ? id[i] == '-' : strchr("0123456789abcdef", id[i]) != NULL);
        }
    }
}
END_TEST

START_TEST(ids_of_a_later_time_sort_later)
{
    char early[UUID_TEXT_SIZE], late[UUID_TEXT_SIZE];

    uuid_after(NULL, 1700000000000, ones, early);
    uuid_after(early, 1700000000001, zeros, late);
    ck_assert_str_eq(late, "018bcfe5-6801-7000-8000-000000000000");
    ck_assert_int_lt(strcmp(early, late), 0);
}
END_TEST

START_TEST(ids_of_one_moment_count_up)
{
    char id[UUID_TEXT_SIZE] = "", next[UUID_TEXT_SIZE];

    uuid_after(NULL, 1700000000000, zeros, id);
    for (int i = 1; i <= 0x1000; i++) { /* past the counter's end */
        uuid_after(id, 1700000000000, ones, next);
        ck_assert_int_lt(strcmp(id, next), 0);
        memcpy(id, next, sizeof id);
    }
    ck_assert_str_eq(id, "018bcfe5-6801-7000-bfff-ffffffffffff");
}
END_TEST

START_TEST(a_full_counter_runs_over_into_the_time)
{
    char id[UUID_TEXT_SIZE];

    uuid_after("018bcfe5-ffff-7fff-bfff-ffffffffffff", 0, zeros, id);
    ck_assert_str_eq(id, "018bcfe6-0000-7000-8000-000000000000");
}
END_TEST

START_TEST(a_clock_that_goes_back_does_not_take_ids_with_it)
{
    char id[UUID_TEXT_SIZE];

    uuid_after("018bcfe5-6800-7005-8000-000000000000", 1, ones, id);
    ck_assert_str_eq(id, "018bcfe5-6800-7006-bfff-ffffffffffff");
}
END_TEST

START_TEST(a_time_before_the_epoch_counts_as_the_epoch)
{
    char id[UUID_TEXT_SIZE];

    uuid_after(NULL, INT64_MIN, zeros, id);
    ck_assert_int_eq(strncmp(id, "00000000-0000-7", 15), 0);
    uuid_after(NULL, INT64_MAX, zeros, id);
    ck_assert_str_eq(id, "ffffffff-ffff-7000-8000-000000000000");
}
END_TEST

START_TEST(a_previous_id_that_is_none_is_ignored)
{
    static const char *const garbage[] = {
        "",         "garbage",
        "-",        "zzzzzzzz-zzzz-7zzz-8000-000000000000",
        "018bcfe5", "ffffffff-ffff-4fff-bfff-ffffffffffff", /* of another version */
    };
    char id[UUID_TEXT_SIZE];

    for (size_t i = 0; i < COUNT(garbage); i++) {
        uuid_after(garbage[i], 1700000000000, zeros, id);
        ck_assert_str_eq(id, "018bcfe5-6800-7000-8000-000000000000");
    }
}
END_TEST

/* ---- results ---- */

struct thing {
    int number;
    const char *text;
};

START_TEST(a_result_comes_zeroed)
{
    struct thing *thing = result_new(sizeof *thing);
    const unsigned char *bytes;

    ck_assert_ptr_nonnull(thing);
    ck_assert_int_eq(thing->number, 0);
    ck_assert_ptr_null(thing->text);
    bytes = result_alloc(thing, 100);
    for (int i = 0; i < 100; i++)
        ck_assert_int_eq(bytes[i], 0);
    result_free(thing);
}
END_TEST

static bool is_aligned(const void *pointer)
{
    return (uintptr_t)pointer % alignof(max_align_t) == 0;
}

START_TEST(what_hangs_on_a_result_is_aligned_and_does_not_overlap)
{
    enum { PIECES = 5000 };
    struct thing *thing = result_new(sizeof *thing);
    unsigned char **pieces = calloc(PIECES, sizeof *pieces);

    ck_assert(is_aligned(thing));
    for (size_t i = 0; i < PIECES; i++) {
        size_t size = i % 61 + 1;
        pieces[i] = result_alloc(thing, size);
        ck_assert_ptr_nonnull(pieces[i]);
        ck_assert(is_aligned(pieces[i]));
        memset(pieces[i], (int)(i & 0xFF), size);
    }
    for (size_t i = 0; i < PIECES; i++) {
        for (size_t at = 0; at < i % 61 + 1; at++)
            ck_assert_uint_eq(pieces[i][at], i & 0xFF);
    }
    free(pieces);
    result_free(thing);
}
END_TEST

START_TEST(a_result_holds_pieces_of_any_size)
{
    static const size_t sizes[] = {0, 1, 15, 16, 17, 4095, 4096, 4097, 8192, 1 << 20};
    struct thing *thing = result_new(0);

    for (size_t i = 0; i < COUNT(sizes); i++) {
        unsigned char *piece = result_alloc(thing, sizes[i]);
        ck_assert_ptr_nonnull(piece);
        ck_assert(is_aligned(piece));
        memset(piece, 0xA5, sizes[i]);
    }
    result_free(thing);
}
END_TEST

START_TEST(a_copy_ends_with_a_nul)
{
    struct thing *thing = result_new(sizeof *thing);
    const char *text = result_copy(thing, "written on", 7);
    const char *binary = result_copy(thing, "a\0b", 3);

    ck_assert_str_eq(text, "written");
    ck_assert_mem_eq(binary, "a\0b\0", 4);
    ck_assert_str_eq((const char *)result_copy(thing, "x", 0), "");
    ck_assert_ptr_null(result_copy(thing, NULL, 0));
    result_free(thing);
}
END_TEST

START_TEST(freeing_no_result_is_fine)
{
    result_free(NULL);
}
END_TEST

/* Every piece is asked for after the one that was missed. */
START_TEST(without_memory_nothing_hangs_on_a_result)
{
    char large[8192] = "";
    bool complete = true;
    const char *kept;
    char *result;

    memory_fail(MEMORY_OF_LIBRARY, 1, FAIL_ONCE);
    result = result_new(16);
    ck_assert_int_eq(memory_stop(), 1);
    ck_assert_ptr_null(result);
    result = result_new(16);
    ck_assert_ptr_null(result_copy(result, NULL, 0));
    ck_assert_ptr_null(result_keep(result, NULL, &complete));
    ck_assert(complete);
    memset(large, 'a', sizeof large - 1);
    memory_fail(MEMORY_OF_LIBRARY, 1, FAIL_ONCE);
    kept = result_keep(result, large, &complete);
    ck_assert_int_eq(memory_stop(), 1);
    ck_assert_ptr_null(kept);
    ck_assert(!complete);
    ck_assert_str_eq(result_keep(result, large, &complete), large);
    ck_assert(!complete);
    result_free(result);
}
END_TEST

START_TEST(without_memory_a_text_stops_growing)
{
    struct buffer buffer = {.bytes = NULL};

    buffer_add_text(&buffer, "whole");
    memory_fail(MEMORY_OF_LIBRARY, 1, FAIL_ONCE);
    for (int i = 0; i < 300; i++)
        buffer_add_text(&buffer, "four");
    ck_assert_int_eq(memory_stop(), 1);
    ck_assert(buffer.failed);
    ck_assert_uint_lt(buffer.length, 1024);
    buffer_add_text(&buffer, "");
    ck_assert(buffer.failed);
    buffer_release(&buffer);
    ck_assert(!buffer.failed);
    buffer_add(&buffer, NULL, 0);
    ck_assert_uint_eq(buffer.length, 0);
}
END_TEST

/* ---- error records ---- */

START_TEST(a_record_starts_anew)
{
    struct error *error = error_begin(7);

    error_set(error, KEYWARD_IO, "the disk is %s", "gone");
    error->detail.cause = KEYWARD_CAUSE_DELETED;
    error->detail.deleted_at = 1;
    error->detail.deleted_event = 2;
    error->detail.sqlite_code = 3;
    ck_assert_ptr_eq(error_begin(7), error);
    ck_assert_int_eq(error->detail.status, KEYWARD_OK);
    ck_assert_int_eq(error->detail.cause, KEYWARD_CAUSE_NONE);
    ck_assert_int_eq(error->detail.deleted_at, 0);
    ck_assert_int_eq(error->detail.deleted_event, 0);
    ck_assert_int_eq(error->detail.sqlite_code, 0);
    ck_assert_str_eq(error->detail.message, "done");
}
END_TEST

START_TEST(a_copied_record_stands_by_itself)
{
    struct error from = {.store_stamp = 1}, to = {.store_stamp = 2};

    error_set(&from, KEYWARD_IO, "the disk is gone");
    error_copy(&to, &from);
    error_reset(&from);
    ck_assert_str_eq(to.detail.message, "the disk is gone");
    ck_assert_int_eq(to.detail.status, KEYWARD_IO);
    ck_assert_uint_eq(to.store_stamp, 2);
    error_copy(&to, &from); /* whose text is the standard one */
    ck_assert_str_eq(to.detail.message, "done");
    ck_assert_int_eq(to.detail.status, KEYWARD_OK);
}
END_TEST

START_TEST(a_record_is_seen_under_its_own_stamp_only)
{
    struct error *error = error_begin(7);

    error_end(error, error_set(error, KEYWARD_FULL, "no room"));
    ck_assert_int_eq(error_of_thread(7)->status, KEYWARD_FULL);
    ck_assert_str_eq(error_of_thread(7)->message, "no room");
    ck_assert_int_eq(error_of_thread(8)->status, KEYWARD_OK);
    ck_assert_str_eq(error_of_thread(8)->message, "done");
    ck_assert_int_eq(error_of_thread(0)->status, KEYWARD_OK);
}
END_TEST

static void *see_no_error(void *context)
{
    const keyward_error *error = error_of_thread(*(const uint64_t *)context);
    return (void *)(uintptr_t)(error->status == KEYWARD_OK && strcmp(error->message, "done") == 0);
}

START_TEST(a_record_is_seen_in_its_own_thread_only)
{
    static const uint64_t stamps[] = {0, 9};
    struct error *error = error_begin(9);
    pthread_t thread;
    void *clean;

    error_end(error, error_set(error, KEYWARD_FULL, "no room"));
    for (size_t i = 0; i < COUNT(stamps); i++) {
        uint64_t stamp = stamps[i];
        ck_assert_int_eq(pthread_create(&thread, NULL, see_no_error, &stamp), 0);
        ck_assert_int_eq(pthread_join(thread, &clean), 0);
        ck_assert_ptr_nonnull(clean);
    }
    ck_assert_int_eq(error_of_thread(9)->status, KEYWARD_FULL);
}
END_TEST

START_TEST(a_long_message_is_cut_and_terminated)
{
    struct error *error = error_begin(0);
    char *text = malloc(1001);

    memset(text, 'x', 1000);
    text[1000] = '\0';
    ck_assert_int_eq(error_set(error, KEYWARD_IO, "%s", text), KEYWARD_IO);
    ck_assert_uint_eq(strlen(error->detail.message), sizeof error->text - 1);
    ck_assert_uint_eq(strspn(error->detail.message, "x"), sizeof error->text - 1);
    free(text);
}
END_TEST

START_TEST(a_status_without_words_of_its_own_gets_the_standard_ones)
{
    struct error *error = error_begin(0);

    ck_assert_int_eq(error_end(error, KEYWARD_NOMEM), KEYWARD_NOMEM);
    ck_assert_int_eq(error->detail.status, KEYWARD_NOMEM);
    ck_assert_str_eq(error->detail.message, keyward_status_text(KEYWARD_NOMEM));
}
END_TEST

START_TEST(words_about_another_status_are_not_kept)
{
    struct error *error = error_begin(0);

    error_set(error, KEYWARD_IO, "about the disk");
    ck_assert_int_eq(error_end(error, KEYWARD_BUSY), KEYWARD_BUSY);
    ck_assert_int_eq(error->detail.status, KEYWARD_BUSY);
    ck_assert_str_eq(error->detail.message, keyward_status_text(KEYWARD_BUSY));
}
END_TEST

/* ---- words ---- */

static const char *const statuses[] = {
    "done",
    "an argument is wrong",
    "the actor has no such right in this repository",
    "not found",
    "the key is already deleted",
    "the key is not deleted",
    "only the host may remove the last admin of a repository",
    "the access key or the secret is not valid",
    "the store was locked for longer than the busy timeout",
    "the disk is full",
    "the operating system could not read, write or flush",
    "out of memory",
    "the store's file is damaged or was tampered with",
    "the store's file or folder cannot be written",
    "the folder of the path does not exist",
    "the file is not a keyward store",
    "the store was written by a newer version of keyward",
    "the store belongs to another master key",
    "there is no usable master key",
    "the store was opened before fork; the child must open its own",
    "the progress callback asked to stop",
    "the file exists already and was left as it is",
    "the key was used too recently to be deleted",
    "the key has expired",
    "another live key of the repository has this name",
    "the key has a live successor already",
    "the key's secret has been destroyed",
    "the key has not been deleted for long enough to be purged",
    "the proof does not hold or is malformed",
    "the log does not continue a checkpoint that was signed before",
    "the SQLite or libsodium that is loaded is too old or lacks a feature",
};

/* Values that no enum of the header has. */
static const int outside[] = {-1, -2147483647 - 1, 31, 64, 255, 256, 2147483647};

START_TEST(every_status_has_a_text)
{
    ck_assert_uint_eq(COUNT(statuses), KEYWARD_WRONG_LIBRARY + 1);
    for (size_t i = 0; i < COUNT(statuses); i++)
        ck_assert_str_eq(keyward_status_text((enum keyward_status)i), statuses[i]);
    for (size_t i = 0; i < COUNT(outside); i++)
        ck_assert_str_eq(keyward_status_text((enum keyward_status)outside[i]), "unknown");
}
END_TEST

START_TEST(every_role_has_a_word)
{
    static const char *const words[] = {"unknown", "reader", "writer", "admin", "unknown"};

    for (size_t i = 0; i < COUNT(words); i++)
        ck_assert_str_eq(keyward_role_text((enum keyward_role)i), words[i]);
    for (size_t i = 0; i < COUNT(outside); i++)
        ck_assert_str_eq(keyward_role_text((enum keyward_role)outside[i]), "unknown");
    for (int role = KEYWARD_READER; role <= KEYWARD_ADMIN; role++)
        ck_assert_int_eq(role_value(keyward_role_text((enum keyward_role)role)), role);
}
END_TEST

START_TEST(every_provider_has_a_word)
{
    static const char *const words[] = {"OTHER", "OPENAI", "GOOGLE", "ANTHROPIC", "AWS", "unknown"};

    for (size_t i = 0; i < COUNT(words); i++)
        ck_assert_str_eq(keyward_provider_text((enum keyward_provider)i), words[i]);
    for (size_t i = 0; i < COUNT(outside); i++)
        ck_assert_str_eq(keyward_provider_text((enum keyward_provider)outside[i]), "unknown");
    for (int provider = KEYWARD_OTHER; provider <= KEYWARD_AWS; provider++)
        ck_assert_int_eq(provider_value(keyward_provider_text((enum keyward_provider)provider)),
                         provider);
}
END_TEST

START_TEST(every_reason_has_a_word)
{
    static const char *const words[] = {"none",        "unused", "rotated", "compromised",
                                        "offboarding", "other",  "unknown"};

    for (size_t i = 0; i < COUNT(words); i++)
        ck_assert_str_eq(keyward_reason_text((enum keyward_reason)i), words[i]);
    for (size_t i = 0; i < COUNT(outside); i++)
        ck_assert_str_eq(keyward_reason_text((enum keyward_reason)outside[i]), "unknown");
}
END_TEST

START_TEST(every_action_has_a_word)
{
    static const char *const words[] = {"any",
                                        "key.created",
                                        "key.create_denied",
                                        "key.renamed",
                                        "key.rename_denied",
                                        "key.deleted",
                                        "key.delete_denied",
                                        "key.restored",
                                        "key.restore_denied",
                                        "access.granted",
                                        "access.grant_denied",
                                        "access.revoked",
                                        "access.revoke_denied",
                                        "key.imported",
                                        "key.import_denied",
                                        "key.expiry_set",
                                        "key.expiry_denied",
                                        "key.rotated",
                                        "key.rotate_denied",
                                        "key.revealed",
                                        "key.reveal_denied",
                                        "key.purged",
                                        "key.purge_denied",
                                        "store.master_key_changed",
                                        "store.data_key_created",
                                        "unknown"};

    for (size_t i = 0; i < COUNT(words); i++)
        ck_assert_str_eq(keyward_action_text((enum keyward_action)i), words[i]);
    for (size_t i = 0; i < COUNT(outside); i++)
        ck_assert_str_eq(keyward_action_text((enum keyward_action)outside[i]), "unknown");
    for (int action = KEYWARD_KEY_CREATED; action <= KEYWARD_DATA_KEY_CREATED; action++)
        ck_assert_int_eq(action_value(keyward_action_text((enum keyward_action)action)), action);
}
END_TEST

START_TEST(a_word_that_is_none_has_no_value)
{
    static const char *const words[] = {NULL, "", "unknown", "Reader", "openai", "key.created "};

    for (size_t i = 0; i < COUNT(words); i++) {
        ck_assert_int_eq(role_value(words[i]), -1);
        ck_assert_int_eq(provider_value(words[i]), -1);
        ck_assert_int_eq(action_value(words[i]), -1);
    }
}
END_TEST

START_TEST(the_values_of_an_enum_are_told_from_others)
{
    for (int value = -2; value < 30; value++) {
        ck_assert_int_eq(role_is_valid((enum keyward_role)value), value >= 1 && value <= 3);
        ck_assert_int_eq(provider_is_valid((enum keyward_provider)value), value >= 0 && value <= 4);
        ck_assert_int_eq(reason_is_valid((enum keyward_reason)value), value >= 0 && value <= 5);
        ck_assert_int_eq(action_is_valid((enum keyward_action)value), value >= 0 && value <= 24);
    }
}
END_TEST

START_TEST(what_an_operation_decided_is_told_from_a_failure)
{
    static const enum keyward_status decisions[] = {
        KEYWARD_OK,          KEYWARD_FORBIDDEN,  KEYWARD_NOT_FOUND,       KEYWARD_ALREADY_DELETED,
        KEYWARD_NOT_DELETED, KEYWARD_LAST_ADMIN, KEYWARD_REFUSED,         KEYWARD_IN_USE,
        KEYWARD_EXPIRED,     KEYWARD_NAME_TAKEN, KEYWARD_ALREADY_ROTATED, KEYWARD_PURGED,
        KEYWARD_RETAINED,    KEYWARD_EXISTS,     KEYWARD_UNPROVEN,        KEYWARD_INCONSISTENT};

    for (int status = -1; status <= KEYWARD_WRONG_LIBRARY + 1; status++) {
        bool decision = false;
        for (size_t i = 0; i < COUNT(decisions); i++)
            decision = decision || (int)decisions[i] == status;
        ck_assert_msg(status_is_decision((enum keyward_status)status) == decision, "status %d",
                      status);
    }
}
END_TEST

START_TEST(the_library_is_of_the_header_s_version)
{
    char parts[32];

    snprintf(parts, sizeof parts, "%d.%d.%d", KEYWARD_VERSION_MAJOR, KEYWARD_VERSION_MINOR,
             KEYWARD_VERSION_PATCH);
    ck_assert_str_eq(KEYWARD_VERSION, parts);
    ck_assert_str_eq(keyward_version(), KEYWARD_VERSION);
}
END_TEST

/* ---- what an errno means ---- */

static const struct {
    int number;
    enum keyward_status status;
} numbers[] = {
    {EEXIST, KEYWARD_EXISTS},    {ENOENT, KEYWARD_NO_FOLDER}, {ENOTDIR, KEYWARD_NO_FOLDER},
    {EACCES, KEYWARD_READ_ONLY}, {EPERM, KEYWARD_READ_ONLY},  {EROFS, KEYWARD_READ_ONLY},
    {ENOSPC, KEYWARD_FULL},      {EDQUOT, KEYWARD_FULL},      {ENOMEM, KEYWARD_NOMEM},
    {EIO, KEYWARD_IO},           {EMFILE, KEYWARD_IO},        {0, KEYWARD_IO},
};

START_TEST(an_errno_of_a_file_is_a_status)
{
    ck_assert_int_eq(file_status(numbers[_i].number), numbers[_i].status);
}
END_TEST

START_TEST(without_memory_no_folder_is_flushed)
{
    bool flushed;
    int number;

    memory_fail(MEMORY_OF_LIBRARY, 1, FAIL_ONCE);
    flushed = file_flush_folder("/tmp/file");
    number = errno;
    ck_assert_int_eq(memory_stop(), 1);
    ck_assert(!flushed);
    ck_assert_int_eq(number, ENOMEM);
    ck_assert(file_flush_folder("/tmp/file"));
    ck_assert(!file_flush_folder("/no folder/file"));
    ck_assert_int_eq(errno, ENOENT);
}
END_TEST

/* ---- deadlines ---- */

START_TEST(a_deadline_of_nothing_has_passed)
{
    const struct deadline now = deadline_in(0), long_ago = {.at = {.tv_sec = 0, .tv_nsec = 1}};

    ck_assert_int_eq(deadline_left(&now), 0);
    ck_assert(!deadline_pause(&now, 0));
    ck_assert_int_eq(deadline_left(&long_ago), 0);
    ck_assert(!deadline_pause(&long_ago, 0));
}
END_TEST

START_TEST(a_deadline_ahead_has_time_left)
{
    const struct deadline in_an_hour = deadline_in(3600000);

    ck_assert_int_gt(deadline_left(&in_an_hour), 0);
    ck_assert_int_le(deadline_left(&in_an_hour), 3600000);
    ck_assert(deadline_pause(&in_an_hour, 0));
    ck_assert(deadline_pause(&in_an_hour, 1000)); /* and later longer ones */
}
END_TEST

START_TEST(a_deadline_is_a_time_of_whole_nanoseconds)
{
    for (int milliseconds = 0; milliseconds < 3000; milliseconds += 37) {
        const struct deadline deadline = deadline_in(milliseconds);
        ck_assert_int_ge(deadline.at.tv_nsec, 0);
        ck_assert_int_lt(deadline.at.tv_nsec, 1000000000);
    }
}
END_TEST

static TCase *text_and_ids(void)
{
    TCase *tests = tcase_create("text and ids");

    tcase_add_loop_test(tests, well_formed_text_is_utf8, 0, COUNT(well_formed));
    tcase_add_loop_test(tests, ill_formed_text_is_not_utf8, 0, COUNT(ill_formed));
    tcase_add_test(tests, every_code_point_is_told_from_a_surrogate);
    tcase_add_test(tests, text_ends_where_its_length_says);
    tcase_add_test(tests, an_id_is_a_uuid_of_version_7);
    tcase_add_test(tests, the_random_bytes_stand_in_their_places);
    tcase_add_test(tests, version_and_variant_stand_whatever_the_random_bytes_are);
    tcase_add_test(tests, ids_of_a_later_time_sort_later);
    tcase_add_test(tests, ids_of_one_moment_count_up);
    tcase_add_test(tests, a_full_counter_runs_over_into_the_time);
    tcase_add_test(tests, a_clock_that_goes_back_does_not_take_ids_with_it);
    tcase_add_test(tests, a_time_before_the_epoch_counts_as_the_epoch);
    tcase_add_test(tests, a_previous_id_that_is_none_is_ignored);
    return tests;
}

static TCase *results_and_errors(void)
{
    TCase *tests = tcase_create("results and errors");

    tcase_add_test(tests, a_result_comes_zeroed);
    tcase_add_test(tests, what_hangs_on_a_result_is_aligned_and_does_not_overlap);
    tcase_add_test(tests, a_result_holds_pieces_of_any_size);
    tcase_add_test(tests, a_copy_ends_with_a_nul);
    tcase_add_test(tests, freeing_no_result_is_fine);
    tcase_add_test(tests, without_memory_nothing_hangs_on_a_result);
    tcase_add_test(tests, without_memory_a_text_stops_growing);
    tcase_add_test(tests, a_record_starts_anew);
    tcase_add_test(tests, a_copied_record_stands_by_itself);
    tcase_add_test(tests, a_record_is_seen_under_its_own_stamp_only);
    tcase_add_test(tests, a_record_is_seen_in_its_own_thread_only);
    tcase_add_test(tests, a_long_message_is_cut_and_terminated);
    tcase_add_test(tests, a_status_without_words_of_its_own_gets_the_standard_ones);
    tcase_add_test(tests, words_about_another_status_are_not_kept);
    return tests;
}

static TCase *words_and_deadlines(void)
{
    TCase *tests = tcase_create("words and deadlines");

    tcase_add_test(tests, every_status_has_a_text);
    tcase_add_test(tests, every_role_has_a_word);
    tcase_add_test(tests, every_provider_has_a_word);
    tcase_add_test(tests, every_reason_has_a_word);
    tcase_add_test(tests, every_action_has_a_word);
    tcase_add_test(tests, a_word_that_is_none_has_no_value);
    tcase_add_test(tests, the_values_of_an_enum_are_told_from_others);
    tcase_add_test(tests, what_an_operation_decided_is_told_from_a_failure);
    tcase_add_test(tests, the_library_is_of_the_header_s_version);
    tcase_add_loop_test(tests, an_errno_of_a_file_is_a_status, 0, COUNT(numbers));
    tcase_add_test(tests, without_memory_no_folder_is_flushed);
    tcase_add_test(tests, a_deadline_of_nothing_has_passed);
    tcase_add_test(tests, a_deadline_ahead_has_time_left);
    tcase_add_test(tests, a_deadline_is_a_time_of_whole_nanoseconds);
    return tests;
}

int main(void)
{
    Suite *suite = suite_create("base");

    suite_add_tcase(suite, text_and_ids());
    suite_add_tcase(suite, results_and_errors());
    suite_add_tcase(suite, words_and_deadlines());
    return run_suite(suite);
}
