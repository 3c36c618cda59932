/* SPDX-License-Identifier: MIT */
/*
 * What authentications note of keys: the table in memory that any number of threads note in while
 * one writes, and how what it holds is shown, written and decided by.
 *
 * The table's own source is part of this program, so that keys of one bucket can be chosen and a
 * thread be stopped between two of its steps. KEYWARD_TEST_SEED=<seed> replays the race.
 */
#include "api/store.h"
#include "operations/uses.c"
#include "support/fixture.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define MINUTE KEYWARD_USE_PRECISION
#define START INT64_C(1700000000000) /* where the fixture's clock stands */

/* ---- keys of one bucket ---- */

#define COLLIDING 400

static char colliding[COLLIDING][33];
static struct uses *uses;

/* Writes `count` texts that go to the bucket of `access_key`. */
static void find_colliding(const char *access_key, size_t count)
{
    struct key_text key;
    struct slot *bucket;
    unsigned tried = 0;

    ck_assert(read_key(access_key, &key));
    bucket = bucket_of(uses, &key);
    for (size_t found = 0; found < count; tried++) {
        snprintf(colliding[found], sizeof colliding[found], "kw_ak_%026u", tried);
        ck_assert(read_key(colliding[found], &key));
        found += bucket_of(uses, &key) == bucket;
    }
}

static void open_table(void)
{
    uses = uses_new();
    ck_assert_ptr_nonnull(uses);
    find_colliding("kw_ak_some", 20);
}

static void close_table(void)
{
    uses_free(&uses);
    ck_assert_ptr_null(uses);
    uses_free(&uses);
}

/* ---- asserting ---- */

static void assert_use(struct use got, int64_t last_used_at, int64_t count, int64_t first_at,
                       int64_t last_at)
{
    ck_assert_int_eq(got.last_used_at, last_used_at);
    ck_assert_int_eq(got.refused_count, count);
    if (count == 0)
        return;
    ck_assert_int_eq(got.refused_first_at, first_at);
    ck_assert_int_eq(got.refused_last_at, last_at);
}

/* The next note that is due is this one. */
static void assert_take(const char *access_key, int64_t last_used_at, int64_t count,
                        int64_t first_at, int64_t last_at)
{
    struct use_note note;

    ck_assert(uses_are_due(uses));
    ck_assert(uses_take(uses, &note));
    ck_assert_str_eq(note.access_key, access_key);
    assert_use(note.use, last_used_at, count, first_at, last_at);
}

static void assert_nothing_to_take(void)
{
    struct use_note note;

    ck_assert(!uses_take(uses, &note));
    ck_assert(!uses_are_due(uses));
}

static void write_all(void)
{
    struct use_note note;

    uses_make_all_due(uses);
    while (uses_are_due(uses)) {
        while (uses_take(uses, &note))
            ;
        uses_settle(uses, true);
    }
}

/* ---- one key ---- */

START_TEST(at_first_nothing_is_noted)
{
    assert_use(uses_find(uses, "kw_ak_some"), 0, 0, 0, 0);
    ck_assert_uint_eq(uses_make_all_due(uses), 0);
    ck_assert_int_eq(uses_missed_at(uses), 0);
    assert_nothing_to_take();
    uses_settle(uses, true);
    uses_settle(uses, false);
    assert_nothing_to_take();
}
END_TEST

START_TEST(a_use_is_found_at_once_and_due)
{
    uses_note(uses, "kw_ak_some", START);
    assert_use(uses_find(uses, "kw_ak_some"), START, 0, 0, 0);
    assert_use(uses_find(uses, "kw_ak_other"), 0, 0, 0, 0);
    assert_take("kw_ak_some", START, 0, 0, 0);
    assert_nothing_to_take();
    uses_settle(uses, true);
    assert_nothing_to_take();
    ck_assert_uint_eq(uses_make_all_due(uses), 0);
    assert_use(uses_find(uses, "kw_ak_some"), START, 0, 0, 0);
}
END_TEST

START_TEST(a_key_is_due_again_after_a_minute_only)
{
    uses_note(uses, "kw_ak_some", START);
    write_all();
    uses_note(uses, "kw_ak_some", START + 1);
    uses_note(uses, "kw_ak_some", START + MINUTE - 1);
    assert_nothing_to_take();
    assert_use(uses_find(uses, "kw_ak_some"), START + MINUTE - 1, 0, 0, 0);
    uses_note(uses, "kw_ak_some", START + MINUTE);
    assert_take("kw_ak_some", START + MINUTE, 0, 0, 0);
    assert_nothing_to_take();
    uses_settle(uses, true);
}
END_TEST

START_TEST(who_wants_all_written_gets_what_is_not_due_yet)
{
    uses_note(uses, "kw_ak_some", START);
    write_all();
    uses_note(uses, "kw_ak_some", START + 1);
    uses_note_refusal(uses, "kw_ak_other", START + 2);
    assert_take("kw_ak_other", 0, 1, START + 2, START + 2);
    uses_settle(uses, true);
    uses_note_refusal(uses, "kw_ak_other", START + 3);
    assert_nothing_to_take();
    ck_assert_uint_eq(uses_make_all_due(uses), 2);
    ck_assert_uint_eq(uses_make_all_due(uses), 2);
    write_all();
    ck_assert_uint_eq(uses_make_all_due(uses), 0);
    assert_nothing_to_take();
}
END_TEST

START_TEST(what_was_not_written_is_due_again)
{
    uses_note(uses, "kw_ak_some", START);
    uses_note_refusal(uses, "kw_ak_some", START + 1);
    for (int i = 0; i < 3; i++) {
        assert_take("kw_ak_some", START, 1, START + 1, START + 1);
        assert_nothing_to_take();
        uses_settle(uses, false);
    }
    uses_note(uses, "kw_ak_some", START + 2); /* as due as before */
    assert_take("kw_ak_some", START + 2, 1, START + 1, START + 1);
    assert_nothing_to_take();
    uses_settle(uses, true);
    assert_nothing_to_take();
}
END_TEST

START_TEST(refusals_are_counted_once)
{
    uses_note_refusal(uses, "kw_ak_some", START);
    uses_note_refusal(uses, "kw_ak_some", START + 5);
    uses_note_refusal(uses, "kw_ak_some", START + 9);
    assert_use(uses_find(uses, "kw_ak_some"), 0, 3, START, START + 9);
    assert_take("kw_ak_some", 0, 3, START, START + 9);
    uses_settle(uses, true);
    ck_assert_int_eq(uses_find(uses, "kw_ak_some").refused_count, 0);
    uses_note_refusal(uses, "kw_ak_some", START + 10);
    ck_assert_int_eq(uses_find(uses, "kw_ak_some").refused_count, 1);
    ck_assert_uint_eq(uses_make_all_due(uses), 1);
    assert_take("kw_ak_some", 0, 1, START, START + 10); /* the first is the file's already */
    uses_settle(uses, true);
    ck_assert_uint_eq(uses_make_all_due(uses), 0);
}
END_TEST

START_TEST(a_count_stops_at_the_largest_that_fits)
{
    struct key_text key;
    struct place place;

    uses_note_refusal(uses, "kw_ak_some", START);
    ck_assert(read_key("kw_ak_some", &key));
    ck_assert(find_place(uses, &key, &place));
    atomic_store(&place.slot->refused_count, pack(place.generation, VALUE_MASK - 1));
    for (int i = 1; i <= 3; i++) {
        uses_note_refusal(uses, "kw_ak_some", START + i);
        assert_use(uses_find(uses, "kw_ak_some"), 0, (int64_t)VALUE_MASK, START, START + i);
    }
    ck_assert_uint_eq(generation_of(load(&place.slot->refused_count)), place.generation);
}
END_TEST

START_TEST(what_comes_while_it_is_written_stays)
{
    uses_note(uses, "kw_ak_some", START);
    uses_note_refusal(uses, "kw_ak_some", START + 1);
    assert_take("kw_ak_some", START, 1, START + 1, START + 1);
    uses_note(uses, "kw_ak_some", START + 2);
    uses_note_refusal(uses, "kw_ak_some", START + 3);
    uses_note_refusal(uses, "kw_ak_some", START + 4);
    assert_use(uses_find(uses, "kw_ak_some"), START + 2, 3, START + 1, START + 4);
    uses_settle(uses, true);
    ck_assert_uint_eq(uses_make_all_due(uses), 1);
    assert_take("kw_ak_some", START + 2, 2, START + 1, START + 4);
    uses_settle(uses, true);
    ck_assert_uint_eq(uses_make_all_due(uses), 0);
}
END_TEST

/* A key may be due a second time before the transaction has ended that took it: then it brings what
 * has come since, and not once more what it brought. */
START_TEST(a_key_taken_twice_at_once_brings_what_is_new)
{
    bool written = _i == 0;

    uses_note_refusal(uses, "kw_ak_some", START);
    uses_note_refusal(uses, "kw_ak_some", START + 1);
    assert_take("kw_ak_some", 0, 2, START, START + 1);
    uses_note_refusal(uses, "kw_ak_some", START + MINUTE);
    assert_take("kw_ak_some", 0, 1, START, START + MINUTE);
    uses_note(uses, "kw_ak_some", START + MINUTE + 1);
    assert_take("kw_ak_some", START + MINUTE + 1, 0, 0, 0);
    assert_nothing_to_take();
    uses_settle(uses, written);
    if (!written)
        assert_take("kw_ak_some", START + MINUTE + 1, 3, START, START + MINUTE);
    uses_settle(uses, true);
    ck_assert_uint_eq(uses_make_all_due(uses), 0);
    ck_assert_int_eq(uses_find(uses, "kw_ak_some").refused_count, 0);
}
END_TEST

START_TEST(a_clock_may_go_back_and_say_anything)
{
    uses_note(uses, "kw_ak_some", START);
    uses_note(uses, "kw_ak_some", START - 1000);
    uses_note(uses, "kw_ak_some", INT64_MIN);
    assert_use(uses_find(uses, "kw_ak_some"), START, 0, 0, 0);
    write_all();
    uses_note(uses, "kw_ak_some", START - 1);
    assert_nothing_to_take();
    ck_assert_uint_eq(uses_make_all_due(uses), 0);
    uses_note(uses, "kw_ak_some", INT64_MAX);
    assert_take("kw_ak_some", (INT64_C(1) << 48) - 1, 0, 0, 0);
    uses_settle(uses, true);
    uses_note(uses, "kw_ak_some", INT64_MAX);
    assert_nothing_to_take();
}
END_TEST

START_TEST(a_refusal_before_1970_counts_as_well)
{
    uses_note_refusal(uses, "kw_ak_some", -1);
    uses_note_refusal(uses, "kw_ak_some", INT64_MIN);
    ck_assert_uint_eq(uses_make_all_due(uses), 1);
    assert_take("kw_ak_some", 0, 2, 0, 0);
    uses_settle(uses, true);
    ck_assert_uint_eq(uses_make_all_due(uses), 0);
    uses_note(uses, "kw_ak_old", -1); /* as if never */
    ck_assert_uint_eq(uses_make_all_due(uses), 0);
}
END_TEST

START_TEST(every_access_key_there_can_be_fits)
{
    char longest[ACCESS_KEY_SIZE], too_long[64];

    memset(longest, 'z', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    uses_note(uses, longest, START);
    assert_take(longest, START, 0, 0, 0);
    uses_settle(uses, true);
    uses_note(uses, "a", START);
    assert_take("a", START, 0, 0, 0);
    uses_settle(uses, true);
    memset(too_long, 'z', sizeof too_long - 1);
    too_long[sizeof too_long - 1] = '\0';
    uses_note_refusal(uses, too_long, START); /* authenticates nowhere */
    assert_nothing_to_take();
    assert_use(uses_find(uses, too_long), 0, 0, 0, 0);
    longest[sizeof longest - 2] = '\0';
    assert_use(uses_find(uses, longest), 0, 0, 0, 0);
}
END_TEST

/* ---- many keys ---- */

START_TEST(so_many_go_with_one_transaction)
{
    static bool seen[USES_AT_ONCE + 44];
    struct use_note note;
    char text[32];
    unsigned number;

    for (unsigned i = 0; i < COUNT(seen); i++) {
        snprintf(text, sizeof text, "%u is the number", i);
        uses_note(uses, text, START + i);
    }
    for (size_t round = 0; round < 2; round++) {
        for (size_t i = 0; i < (round == 0 ? USES_AT_ONCE : 44); i++) {
            ck_assert(uses_take(uses, &note));
            ck_assert_int_eq(sscanf(note.access_key, "%u is", &number), 1);
            ck_assert(number < COUNT(seen) && !seen[number]);
            ck_assert_int_eq(note.use.last_used_at, START + number);
            seen[number] = true;
        }
        ck_assert(!uses_take(uses, &note));
        ck_assert(uses_are_due(uses) == (round == 0));
        uses_settle(uses, true);
    }
    assert_nothing_to_take();
}
END_TEST

START_TEST(two_slots_of_a_key_add_up)
{
    struct use total = {0}, a = {30, 2, 10, 20}, b = {15, 3, 5, 40};

    add_use(&total, &a);
    assert_use(total, 30, 2, 10, 20);
    add_use(&total, &b);
    assert_use(total, 30, 5, 5, 40);
    add_use(&total, &a);
    assert_use(total, 30, 7, 5, 40);
    add_use(&total, &(struct use){0});
    assert_use(total, 30, 7, 5, 40);
}
END_TEST

/* Imported keys may be numbered, with the number anywhere; whichever byte of a word comes first. */
START_TEST(numbered_keys_go_to_many_buckets)
{
    static bool seen[BUCKETS];
    struct key_text key;
    char text[ACCESS_KEY_SIZE];
    int buckets = 0;

    memset(seen, 0, sizeof seen);
    for (unsigned number = 0; number < 1000; number++) {
        snprintf(text, sizeof text, "%.*s%03u%s", _i, "................", number, "-of-a-team");
        ck_assert(read_key(text, &key));
        ptrdiff_t bucket = (bucket_of(uses, &key) - uses->slots) / WAYS;
        buckets += !seen[bucket];
        seen[bucket] = true;
    }
    ck_assert_int_ge(buckets, 850); /* by chance alone some 940 */
}
END_TEST

START_TEST(keys_of_one_bucket_are_kept_apart)
{
    for (int i = 0; i < WAYS; i++) {
        uses_note(uses, colliding[i], START + i);
        uses_note_refusal(uses, colliding[i], START + 10 + i);
    }
    for (int i = 0; i < WAYS; i++)
        assert_use(uses_find(uses, colliding[i]), START + i, 1, START + 10 + i, START + 10 + i);
    assert_use(uses_find(uses, colliding[WAYS]), 0, 0, 0, 0);
    for (int i = WAYS - 1; i >= 0; i--) /* the newest in the list first */
        assert_take(colliding[i], START + i, 1, START + 10 + i, START + 10 + i);
    assert_nothing_to_take();
}
END_TEST

START_TEST(a_full_bucket_gives_up_the_key_that_was_used_longest_ago)
{
    for (int i = 0; i < WAYS; i++)
        uses_note(uses, colliding[i], START + (i == 3 ? 0 : 100 + i));
    write_all();
    uses_note(uses, colliding[WAYS], START + 200);
    for (int i = 0; i < WAYS; i++)
        assert_use(uses_find(uses, colliding[i]), i == 3 ? 0 : START + 100 + i, 0, 0, 0);
    assert_take(colliding[WAYS], START + 200, 0, 0, 0);
    ck_assert_int_eq(uses_missed_at(uses), 0);
    uses_settle(uses, true);
}
END_TEST

START_TEST(what_is_not_written_is_never_given_up)
{
    for (int i = 0; i < WAYS; i++) {
        if (i % 2 == 0)
            uses_note(uses, colliding[i], START + i);
        else
            uses_note_refusal(uses, colliding[i], START + i);
    }
    uses_note_refusal(uses, colliding[WAYS], START + 50);
    ck_assert_int_eq(uses_missed_at(uses), 0);
    uses_note(uses, colliding[WAYS], START + 100);
    ck_assert_int_eq(uses_missed_at(uses), START + 100);
    uses_note(uses, colliding[WAYS + 1], START + 99);
    ck_assert_int_eq(uses_missed_at(uses), START + 100);
    assert_use(uses_find(uses, colliding[WAYS]), 0, 0, 0, 0);
    for (int i = WAYS - 1; i >= 0; i--)
        assert_take(colliding[i], i % 2 == 0 ? START + i : 0, i % 2, START + i, START + i);
    uses_note(uses, colliding[WAYS], START + 101); /* neither while it is being written */
    ck_assert_int_eq(uses_missed_at(uses), START + 101);
    uses_settle(uses, false);
    uses_note(uses, colliding[WAYS], START + 102); /* nor when that has failed */
    ck_assert_int_eq(uses_missed_at(uses), START + 102);
    ck_assert_uint_eq(uses_make_all_due(uses), WAYS);
    write_all();
    uses_note(uses, colliding[WAYS], START + 103);
    ck_assert_int_eq(uses_missed_at(uses), START + 102);
    assert_take(colliding[WAYS], START + 103, 0, 0, 0);
    uses_settle(uses, true);
}
END_TEST

START_TEST(hundreds_of_keys_go_through_one_bucket)
{
    struct use_note note;
    int64_t sum = 0, taken = 0;

    find_colliding("kw_ak_some", COLLIDING);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < COLLIDING; i++) {
            int64_t now = START + round * 1000 + i;

            uses_note(uses, colliding[i], now);
            uses_note_refusal(uses, colliding[i], now);
            sum++;
            assert_use(uses_find(uses, colliding[i]), now, 1, now, now);
            if (i % WAYS < WAYS - 1 && i + 1 < COLLIDING)
                continue;
            while (uses_take(uses, &note)) {
                ck_assert_int_eq(note.use.last_used_at, note.use.refused_last_at);
                taken += note.use.refused_count;
            }
            uses_settle(uses, true);
        }
    }
    ck_assert_int_eq(taken, sum);
    ck_assert_int_eq(uses_missed_at(uses), 0);
}
END_TEST

/* Each new owner of a slot raises its generation, which begins anew at some time. */
START_TEST(generations_come_round)
{
    uint64_t first_generation, last_generation = 0;
    struct key_text key;
    struct place place;

    for (int i = 0; i < WAYS - 1; i++)
        uses_note(uses, colliding[i], START); /* not written: keep their slots */
    uses_note(uses, colliding[WAYS], START);
    ck_assert(read_key(colliding[WAYS], &key));
    ck_assert(find_place(uses, &key, &place));
    first_generation = place.generation;
    for (int i = 0; i < 0x10000 + 5; i++) {
        const char *owner = colliding[WAYS + i % 2];

        uses_note(uses, owner, START + i);
        ck_assert_int_eq(uses_find(uses, owner).last_used_at, START + i);
        ck_assert(place.slot->due);
        place.slot->due = false; /* as if it had been written alone */
        atomic_store(&uses->due, 0);
        atomic_store(&place.slot->written_use, (uint64_t)(START + i));
        if (generation_of(place.slot->state) < last_generation)
            last_generation = UINT64_MAX;
        else if (last_generation != UINT64_MAX)
            last_generation = generation_of(place.slot->state);
    }
    ck_assert_uint_eq(last_generation, UINT64_MAX); /* it went back to 0 */
    ck_assert_uint_eq(generation_of(place.slot->state), (first_generation + 4) % 0x10000);
    ck_assert_int_eq(uses_missed_at(uses), 0);
}
END_TEST

/* Two threads that meet a key for the first time at once. */
START_TEST(a_key_with_two_slots_is_one_key)
{
    struct key_text key;
    struct place first_place, second_place;
    struct use_note note;
    int64_t count = 0, last = 0;

    ck_assert(read_key(colliding[0], &key));
    ck_assert_int_eq(make_place(uses, &key, &first_place), MADE);
    uses->noted = true;
    ck_assert(note_use(uses, &first_place, START + 5));
    ck_assert_int_eq(make_place(uses, &key, &second_place), MADE);
    ck_assert_ptr_ne(first_place.slot, second_place.slot);
    ck_assert(note_use(uses, &second_place, START + 4));
    ck_assert(note_refusal(uses, &first_place, START + 7));
    ck_assert(note_refusal(uses, &second_place, START + 6));
    assert_use(uses_find(uses, colliding[0]), START + 5, 2, START + 6, START + 7);
    while (uses_take(uses, &note)) {
        ck_assert_str_eq(note.access_key, colliding[0]);
        count += note.use.refused_count;
        last = note.use.last_used_at > last ? note.use.last_used_at : last;
    }
    uses_settle(uses, true);
    ck_assert_int_eq(count, 2);
    ck_assert_int_eq(last, START + 5);
    assert_use(uses_find(uses, colliding[0]), START + 5, 0, 0, 0);
}
END_TEST

/* ---- a thread that takes a slot, between two of its steps ---- */

/* The slot of a key whose notes are all written, and its state as somebody finds it who wants it.
 */
static struct slot *spare_slot(const char *access_key, uint64_t *state)
{
    struct key_text key;
    struct place place;

    uses_note(uses, access_key, START);
    write_all();
    ck_assert(read_key(access_key, &key));
    ck_assert(find_place(uses, &key, &place));
    ck_assert(is_spare(place.slot));
    *state = load(&place.slot->state);
    return place.slot;
}

START_TEST(a_note_that_comes_in_between_keeps_the_slot)
{
    struct key_text other;
    struct place place;
    uint64_t state;
    struct slot *slot = spare_slot("kw_ak_some", &state);

    ck_assert(read_key(colliding[0], &other));
    uses_note(uses, "kw_ak_some", START + 1);
    ck_assert(!claim(slot, state, &other, &place));
    assert_use(uses_find(uses, "kw_ak_some"), START + 1, 0, 0, 0);
    ck_assert(!claim(slot, state, &other, &place)); /* it is not what it was */
    uses_note(uses, "kw_ak_some", START + MINUTE);
    assert_take("kw_ak_some", START + MINUTE, 0, 0, 0);
    uses_settle(uses, true);
    ck_assert(claim(slot, load(&slot->state), &other, &place));
    assert_use(uses_find(uses, "kw_ak_some"), 0, 0, 0, 0);
}
END_TEST

/* Also when the writer has taken that note already. */
START_TEST(a_note_that_is_being_written_is_written_once)
{
    struct key_text other;
    struct place place;
    uint64_t state;
    struct slot *slot = spare_slot("kw_ak_some", &state);

    ck_assert(read_key(colliding[0], &other));
    uses_note_refusal(uses, "kw_ak_some", START + 1);
    assert_take("kw_ak_some", START, 1, START + 1, START + 1);
    ck_assert(!claim(slot, state, &other, &place));
    uses_settle(uses, true);
    ck_assert_uint_eq(uses_make_all_due(uses), 0);
    assert_use(uses_find(uses, "kw_ak_some"), START, 0, 0, 0);
}
END_TEST

/* A deletion may ask, and the writer write, while somebody who wants the slot has not looked yet.
 */
START_TEST(a_slot_that_is_being_taken_still_says_what_it_said)
{
    uint64_t state;
    struct slot *slot = spare_slot("kw_ak_some", &state);
    uint64_t generation = generation_of(state) + 1;

    uses_note(uses, "kw_ak_some", START + MINUTE);
    uses_note_refusal(uses, "kw_ak_some", START + MINUTE + 1);
    atomic_store(&slot->state, pack(generation, SLOT_CHANGING));
    freeze(&slot->used, generation);
    assert_use(uses_find(uses, "kw_ak_some"), START + MINUTE, 1, START + MINUTE + 1,
               START + MINUTE + 1);
    freeze(&slot->refused_count, generation);
    assert_take("kw_ak_some", START + MINUTE, 1, START + MINUTE + 1, START + MINUTE + 1);
    uses_note(uses, "kw_ak_some", START + MINUTE + 2); /* has a slot of its own now */
    assert_use(uses_find(uses, "kw_ak_some"), START + MINUTE + 2, 1, START + MINUTE + 1,
               START + MINUTE + 1);
    freeze(&slot->refused_first, generation);
    freeze(&slot->refused_last, generation);
    atomic_store(&slot->state, pack(generation, SLOT_READY));
    uses_settle(uses, true);
    assert_take("kw_ak_some", START + MINUTE + 2, 0, 0, 0);
    uses_settle(uses, true);
    ck_assert_uint_eq(uses_make_all_due(uses), 0);
}
END_TEST

/* Whoever found the key's slot before it became another's writes nothing into it. */
START_TEST(who_comes_too_late_writes_nothing)
{
    struct key_text key, other;
    struct place late, place;
    uint64_t state;
    struct slot *slot = spare_slot("kw_ak_some", &state);

    ck_assert(read_key("kw_ak_some", &key));
    ck_assert(find_place(uses, &key, &late));
    ck_assert(read_key(colliding[0], &other));
    ck_assert(claim(slot, state, &other, &place));
    ck_assert(!note_use(uses, &late, START + 9));
    ck_assert(!note_refusal(uses, &late, START + 9));
    assert_use(uses_find(uses, colliding[0]), 0, 0, 0, 0);
    ck_assert_uint_eq(uses_make_all_due(uses), 0);
    uses_note(uses, "kw_ak_some", START + 9);
    assert_use(uses_find(uses, "kw_ak_some"), START + 9, 0, 0, 0);
}
END_TEST

static int times_too_late;

static bool comes_too_late(struct uses *in, const struct place *place, uint64_t now)
{
    (void)in;
    (void)place;
    (void)now;
    times_too_late++;
    return false;
}

/* It is bookkeeping: nobody waits for it, and nobody tries for ever. */
START_TEST(who_is_always_too_late_gives_up)
{
    times_too_late = 0;
    ck_assert(!note(uses, "kw_ak_some", START, comes_too_late));
    ck_assert_int_eq(times_too_late, ATTEMPTS);
    assert_use(uses_find(uses, "kw_ak_some"), 0, 0, 0, 0);
    assert_nothing_to_take();
}
END_TEST

/* ---- the race ---- */

#define RACERS 8
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define NOTES_EACH 20000
#else
#define NOTES_EACH 150000
#endif
#define RACE_KEYS 20 /* of one bucket of WAYS slots */
#define STEP 7000    /* ms between two notes: a key is due again soon */

/* What is known of a key: what was noted with success, and what is in the file. */
struct known {
    _Atomic int64_t used, refusals, refused_last;
    _Atomic int64_t file_used, file_refusals, file_refused_last;
};

static struct {
    struct known keys[RACE_KEYS];
    _Atomic int64_t now;
    atomic_int running, lost;
    uint64_t seed;
} race;

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static void raise_to(_Atomic int64_t *number, int64_t value)
{
    int64_t old = atomic_load(number);

    while (old < value && !atomic_compare_exchange_weak(number, &old, value))
        ;
}

/* A use that was noted is found, or it is in the file: a deletion may ask at any moment. */
static void look_for(int k, int64_t now)
{
    struct use found = uses_find(uses, colliding[k]);

    if (found.last_used_at < now && atomic_load(&race.keys[k].file_used) < now)
        atomic_fetch_add(&race.lost, 1);
}

static void *note_on(void *context)
{
    uint64_t random = race.seed + 0x9E3779B97F4A7C15U * (uint64_t)(size_t)context;

    for (int i = 0; i < NOTES_EACH; i++) {
        int k = (int)(next_random(&random) % RACE_KEYS);
        int64_t now = atomic_fetch_add(&race.now, STEP);
        bool is_refusal = next_random(&random) % 3 == 0;

        if (!note(uses, colliding[k], (uint64_t)now, is_refusal ? note_refusal : note_use))
            continue;
        if (is_refusal) {
            atomic_fetch_add(&race.keys[k].refusals, 1);
            raise_to(&race.keys[k].refused_last, now);
        } else {
            raise_to(&race.keys[k].used, now);
            look_for(k, now);
        }
    }
    atomic_fetch_sub(&race.running, 1);
    return NULL;
}

static int key_number(const char *access_key)
{
    for (int k = 0; k < RACE_KEYS; k++) {
        if (strcmp(colliding[k], access_key) == 0)
            return k;
    }
    ck_abort_msg("there is no key '%s'", access_key);
    return 0;
}

/* One transaction: takes up to `most` notes, and commits them or not. */
static void transact(int most, bool commits)
{
    static struct use_note notes[USES_AT_ONCE];
    int count = 0;

    while (count < most && uses_take(uses, &notes[count]))
        count++;
    for (int i = 0; i < count && commits; i++) {
        struct known *known = &race.keys[key_number(notes[i].access_key)];
        raise_to(&known->file_used, notes[i].use.last_used_at);
        atomic_fetch_add(&known->file_refusals, notes[i].use.refused_count);
        if (notes[i].use.refused_count > 0)
            raise_to(&known->file_refused_last, notes[i].use.refused_last_at);
    }
    uses_settle(uses, commits);
}

static void assert_all_written(int k)
{
    struct known *known = &race.keys[k];

    ck_assert_msg(known->file_refusals == known->refusals,
                  "key %d: %lld refusals noted, %lld written; seed %llu", k,
                  (long long)known->refusals, (long long)known->file_refusals,
                  (unsigned long long)race.seed);
    ck_assert_msg(known->file_used == known->used, "key %d: used at %lld, written %lld; seed %llu",
                  k, (long long)known->used, (long long)known->file_used,
                  (unsigned long long)race.seed);
    ck_assert_int_eq(known->file_refused_last, known->refused_last);
}

static void race_with_seed(uint64_t seed)
{
    pthread_t threads[RACERS];
    uint64_t random = seed;

    memset(&race, 0, sizeof race);
    race.seed = seed;
    race.now = START;
    race.running = RACERS;
    for (size_t i = 0; i < RACERS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, note_on, (void *)(i + 1)), 0);
    while (atomic_load(&race.running) > 0)
        transact(1 + (int)(next_random(&random) % 12), next_random(&random) % 4 != 0);
    for (size_t i = 0; i < RACERS; i++)
        pthread_join(threads[i], NULL);
    while (uses_make_all_due(uses) > 0)
        transact(USES_AT_ONCE, true);
    for (int k = 0; k < RACE_KEYS; k++)
        assert_all_written(k);
    ck_assert_msg(race.lost == 0, "%d uses could not be found; seed %llu", race.lost,
                  (unsigned long long)seed);
}

START_TEST(nothing_is_lost_or_doubled_by_threads)
{
    const char *given = getenv("KEYWARD_TEST_SEED");
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    race_with_seed(given ? strtoull(given, NULL, 10)
                         : (uint64_t)now.tv_nsec ^ (uint64_t)now.tv_sec << 20);
    printf("race of uses: seed %llu\n", (unsigned long long)race.seed);
}
END_TEST

/* ---- through the library ---- */

static struct fixture f;
static keyward_key *key;
static keyward_secret *secret;

static void open_store(void)
{
    fixture_open(&f);
    key = make_key(&f, "repo-1", "key", &secret);
}

static void close_store(void)
{
    keyward_key_free(&key);
    keyward_secret_free(&secret);
    fixture_close(&f);
}

static void use_key(void)
{
    assert_status(f.store, try_key(&f, key, secret), KEYWARD_OK);
}

static void refuse_key(enum keyward_cause cause)
{
    assert_status(f.store, try_key(&f, key, secret), KEYWARD_REFUSED);
    ck_assert_int_eq(keyward_last_error(f.store)->cause, cause);
}

static void flush(void)
{
    assert_status(f.store, keyward_flush_uses(f.store), KEYWARD_OK);
}

/* A write of somebody else's. */
static void write_something(void)
{
    static int round;
    char user[16];

    snprintf(user, sizeof user, "user-%d", round++);
    assert_status(f.store, keyward_grant(f.store, &host, "repo-1", user, KEYWARD_READER),
                  KEYWARD_OK);
}

/* A use as get and list show it, which must agree. */
static struct use shown_to(keyward *store, const keyward_actor *actor, const keyward_key *of,
                           enum keyward_include include)
{
    const keyward_key_query query = {.include = include, .limit = KEYWARD_PAGE_MAX};
    keyward_key *got;
    keyward_key_list *list;
    struct use use;
    size_t i = 0;

    assert_status(store, keyward_get_key(store, actor, "repo-1", of->id, include, &got),
                  KEYWARD_OK);
    use = (struct use){got->last_used_at, got->refused_count, got->refused_first_at,
                       got->refused_last_at};
    keyward_key_free(&got);
    assert_status(store, keyward_list_keys(store, actor, "repo-1", &query, &list), KEYWARD_OK);
    while (i < list->count && strcmp(list->keys[i]->id, of->id) != 0)
        i++;
    ck_assert_uint_lt(i, list->count);
    ck_assert_int_eq(list->keys[i]->last_used_at, use.last_used_at);
    ck_assert_int_eq(list->keys[i]->refused_count, use.refused_count);
    ck_assert_int_eq(list->keys[i]->refused_first_at, use.refused_first_at);
    ck_assert_int_eq(list->keys[i]->refused_last_at, use.refused_last_at);
    keyward_key_list_free(&list);
    return use;
}

static void assert_shown(int64_t last_used_at, int64_t count, int64_t first_at, int64_t last_at)
{
    assert_use(shown_to(f.store, &rita, key, KEYWARD_LIVE), last_used_at, count, first_at, last_at);
}

static void assert_shown_deleted(int64_t last_used_at, int64_t count, int64_t first_at,
                                 int64_t last_at)
{
    assert_use(shown_to(f.store, &anna, key, KEYWARD_DELETED), last_used_at, count, first_at,
               last_at);
}

/* The same in the file, as SQL reads it: "used count first last", 0 for none. */
static void assert_filed(int64_t last_used_at, int64_t count, int64_t first_at, int64_t last_at)
{
    char query[512];

    snprintf(query, sizeof query,
             "SELECT coalesce(last_used_at, 0) || ' ' || coalesce(refused_count, 0) || ' ' ||"
             " coalesce(refused_first_at, 0) || ' ' || coalesce(refused_last_at, 0) FROM (SELECT 1)"
             " LEFT JOIN key_details ON repo_id = 'repo-1' AND key_id = '%s'",
             key->id);
    assert_row_of(f.path, query, "%lld %lld %lld %lld", (long long)last_used_at, (long long)count,
                  (long long)first_at, (long long)last_at);
}

/* What the store's files hold, byte by byte. */
struct bytes {
    unsigned char *file, *log;
    size_t file_size, log_size;
};

static struct bytes read_files(void)
{
    struct bytes bytes;
    char path[128];

    snprintf(path, sizeof path, "%s-wal", f.path);
    bytes.file = read_whole(f.path, &bytes.file_size);
    bytes.log = read_whole(path, &bytes.log_size);
    return bytes;
}

static void assert_files_are(struct bytes *before)
{
    struct bytes now = read_files();

    ck_assert(now.file_size == before->file_size && now.log_size == before->log_size);
    ck_assert(memcmp(now.file, before->file, now.file_size) == 0);
    ck_assert(memcmp(now.log, before->log, now.log_size) == 0);
    free(before->file);
    free(before->log);
    free(now.file);
    free(now.log);
}

START_TEST(a_use_is_shown_before_anything_is_written)
{
    struct bytes before = read_files();

    assert_shown(0, 0, 0, 0);
    use_key(); /* looked up */
    assert_shown(START, 0, 0, 0);
    for (int i = 1; i < 4; i++) { /* remembered */
        f.now += 1;
        use_key();
        assert_shown(START + i, 0, 0, 0);
    }
    assert_files_are(&before);
    assert_filed(0, 0, 0, 0);
}
END_TEST

START_TEST(a_use_goes_along_with_the_next_write)
{
    int64_t events = count_events(f.path);

    use_key();
    assert_filed(0, 0, 0, 0);
    write_something();
    assert_filed(START, 0, 0, 0);
    ck_assert_int_eq(count_events(f.path), events + 1); /* the write's own */
    assert_shown(START, 0, 0, 0);
    assert_sound(&f);
}
END_TEST

START_TEST(a_key_is_written_once_a_minute)
{
    use_key();
    write_something();
    f.now += MINUTE - 1;
    use_key();
    write_something();
    write_something();
    assert_filed(START, 0, 0, 0);
    assert_shown(START + MINUTE - 1, 0, 0, 0);
    f.now += 1;
    use_key();
    write_something();
    assert_filed(START + MINUTE, 0, 0, 0);
}
END_TEST

START_TEST(a_flush_writes_what_is_younger_than_a_minute)
{
    use_key();
    flush();
    assert_filed(START, 0, 0, 0);
    f.now += 5;
    use_key();
    flush();
    assert_filed(START + 5, 0, 0, 0);
    assert_sound(&f);
}
END_TEST

START_TEST(a_flush_of_nothing_writes_nothing)
{
    struct bytes before = read_files();

    flush();
    assert_files_are(&before);
    use_key();
    flush();
    before = read_files();
    flush();
    use_key(); /* at the same moment */
    flush();
    assert_files_are(&before);
}
END_TEST

START_TEST(closing_writes_what_is_left)
{
    use_key();
    write_something();
    f.now += 7;
    use_key();
    keyward_close(&f.store);
    assert_filed(START + 7, 0, 0, 0);
    fixture_reopen(&f);
    assert_shown(START + 7, 0, 0, 0);
    assert_sound(&f);
}
END_TEST

START_TEST(a_child_that_closes_writes_nothing)
{
    struct bytes before;
    int state;
    pid_t child;

    use_key();
    before = read_files();
    child = fork();
    if (child == 0) {
        keyward_close(&f.store);
        _exit(f.store != NULL);
    }
    ck_assert_int_gt(child, 0);
    ck_assert_int_eq(waitpid(child, &state, 0), child);
    ck_assert_int_eq(state, 0);
    assert_files_are(&before);
    flush();
    assert_filed(START, 0, 0, 0);
}
END_TEST

static void count_call(void *context, keyward *store, int64_t sequence)
{
    (void)store;
    ck_assert_int_gt(sequence, 0);
    ++*(int *)context;
}

START_TEST(the_host_is_told_of_events_not_of_uses)
{
    int calls = 0;

    f.options.after_commit = count_call;
    f.options.after_commit_context = &calls;
    fixture_reopen(&f);
    use_key();
    flush();
    ck_assert_int_eq(calls, 0);
    f.now += MINUTE;
    use_key();
    write_something();
    ck_assert_int_eq(calls, 1);
    assert_filed(START + MINUTE, 0, 0, 0);
    f.now += 1;
    use_key();
    keyward_close(&f.store);
    ck_assert_int_eq(calls, 1);
}
END_TEST

/* ---- refusals ---- */

START_TEST(attempts_with_a_deleted_key_are_counted)
{
    use_key();
    drop_key(&f, "repo-1", key->id);
    assert_shown_deleted(START, 0, 0, 0);
    for (int i = 1; i <= 3; i++) {
        f.now += 10;
        refuse_key(KEYWARD_CAUSE_DELETED);
        assert_shown_deleted(START, i, START + 10, START + 10 * i);
    }
    assert_filed(START, 0, 0, 0);
    write_something();
    assert_filed(START, 3, START + 10, START + 30);
    f.now += MINUTE;
    refuse_key(KEYWARD_CAUSE_DELETED);
    assert_shown_deleted(START, 4, START + 10, START + 30 + MINUTE);
    flush();
    flush();
    assert_filed(START, 4, START + 10, START + 30 + MINUTE);
    assert_shown_deleted(START, 4, START + 10, START + 30 + MINUTE);
    assert_sound(&f);
}
END_TEST

START_TEST(who_sees_a_restored_key_sees_who_tried_it)
{
    drop_key(&f, "repo-1", key->id);
    refuse_key(KEYWARD_CAUSE_DELETED);
    assert_status(f.store, keyward_restore_key(f.store, &anna, "repo-1", key->id), KEYWARD_OK);
    assert_shown(0, 1, START, START);
    f.now += 1;
    use_key();
    fixture_reopen(&f);
    assert_shown(START + 1, 1, START, START);
    assert_sound(&f);
}
END_TEST

START_TEST(attempts_with_an_expired_key_are_counted)
{
    assert_status(f.store, keyward_set_key_expiry(f.store, &will, "repo-1", key->id, START + 5),
                  KEYWARD_OK);
    f.now += 4;
    use_key();
    f.now += 1;
    refuse_key(KEYWARD_CAUSE_EXPIRED);
    f.now += 1;
    refuse_key(KEYWARD_CAUSE_EXPIRED);
    assert_shown(START + 4, 2, START + 5, START + 6);
    flush();
    assert_filed(START + 4, 2, START + 5, START + 6);
    assert_status(f.store, keyward_set_key_expiry(f.store, &will, "repo-1", key->id, 0),
                  KEYWARD_OK);
    f.now += 1;
    use_key();
    assert_shown(START + 7, 2, START + 5, START + 6);
}
END_TEST

START_TEST(a_wrong_secret_is_no_use_and_no_attempt)
{
    static const char wrong[] = "wrong";
    keyward_identity identity;

    for (int deleted = 0; deleted < 2; deleted++) {
        assert_status(f.store, keyward_authenticate(f.store, key->access_key, wrong, 5, &identity),
                      KEYWARD_REFUSED);
        assert_status(f.store,
                      keyward_authenticate(f.store, key->access_key, secret->text,
                                           secret->length - 1, &identity),
                      KEYWARD_REFUSED);
        if (deleted == 0)
            drop_key(&f, "repo-1", key->id);
    }
    assert_shown_deleted(0, 0, 0, 0);
    flush();
    assert_filed(0, 0, 0, 0);
}
END_TEST

START_TEST(attempts_with_a_purged_key_are_not_counted)
{
    f.options.purge_retention = 1;
    fixture_reopen(&f);
    drop_key(&f, "repo-1", key->id);
    refuse_key(KEYWARD_CAUSE_DELETED);
    f.now += 1;
    assert_status(f.store, keyward_purge_keys(f.store, &anna, "repo-1", key->id, NULL), KEYWARD_OK);
    refuse_key(KEYWARD_CAUSE_PURGED); /* nobody can tell whether it was the right one */
    assert_shown_deleted(0, 1, START, START);
    flush();
    assert_filed(0, 1, START, START);
    assert_sound(&f);
}
END_TEST

START_TEST(an_archived_key_has_its_uses_too)
{
    use_key();
    drop_key(&f, "repo-1", key->id);
    for (int i = 0; i < 30; i++) {
        keyward_key *other = make_key(&f, "repo-1", "other", NULL);
        drop_key(&f, "repo-1", other->id);
        keyward_key_free(&other);
    }
    ck_assert_int_gt(sql_number(f.path, "SELECT count(*) FROM api_keys WHERE archived = 1"), 8);
    ck_assert_int_eq(
        sql(f.path, "UPDATE api_keys SET archived = 1 WHERE name = 'key' AND archived = 0"), 0);
    f.now += 9;
    refuse_key(KEYWARD_CAUSE_DELETED);
    assert_shown_deleted(START, 1, START + 9, START + 9);
    flush();
    assert_filed(START, 1, START + 9, START + 9);
    assert_shown_deleted(START, 1, START + 9, START + 9);
    assert_sound(&f);
}
END_TEST

/* ---- many keys ---- */

#define MANY 600

static void use_many(void)
{
    for (int i = 0; i < MANY; i++) {
        keyward_secret *of;
        keyward_key *made = make_key(&f, "repo-1", "one of many", &of);

        assert_status(f.store, try_key(&f, made, of), KEYWARD_OK);
        keyward_key_free(&made);
        keyward_secret_free(&of);
    }
}

static int64_t filed(void)
{
    return sql_number(f.path, "SELECT count(*) FROM key_details WHERE last_used_at IS NOT NULL");
}

START_TEST(many_keys_go_along_in_portions)
{
    f.options.durability = KEYWARD_SURVIVES_CRASH;
    fixture_reopen(&f);
    use_many();
    write_something();
    f.now += MINUTE;
    for (int i = 0; i < 2; i++) { /* the second time each is updated */
        use_key();
        flush();
        ck_assert_int_eq(filed(), MANY + 1);
    }
    assert_sound(&f);
}
END_TEST

/* As if authentications of so many keys had come between two writes. */
START_TEST(one_transaction_takes_so_many)
{
    static keyward_key *keys[MANY];
    static keyward_secret *secrets[MANY];

    f.options.durability = KEYWARD_SURVIVES_CRASH;
    fixture_reopen(&f);
    for (int i = 0; i < MANY; i++)
        keys[i] = make_key(&f, "repo-1", "one of many", &secrets[i]);
    for (int i = 0; i < MANY; i++)
        assert_status(f.store, try_key(&f, keys[i], secrets[i]), KEYWARD_OK);
    ck_assert_int_eq(filed(), 0);
    for (int written = USES_AT_ONCE; written < MANY; written += USES_AT_ONCE) {
        write_something();
        ck_assert_int_eq(filed(), written);
    }
    write_something();
    ck_assert_int_eq(filed(), MANY);
    f.now += 1;
    for (int i = 0; i < MANY; i++) {
        assert_status(f.store, try_key(&f, keys[i], secrets[i]), KEYWARD_OK);
        keyward_key_free(&keys[i]);
        keyward_secret_free(&secrets[i]);
    }
    flush();
    ck_assert_int_eq(sql_number(f.path, "SELECT count(*) FROM key_details WHERE last_used_at ="
                                        " 1700000000001"),
                     MANY);
    assert_sound(&f);
}
END_TEST

/* ---- another store handle, as another process has it ---- */

START_TEST(others_learn_of_a_use_by_the_file)
{
    keyward *other;

    assert_status(NULL, keyward_open(&other, f.path, &f.options), KEYWARD_OK);
    use_key();
    assert_use(shown_to(other, &rita, key, KEYWARD_LIVE), 0, 0, 0, 0);
    flush();
    assert_use(shown_to(other, &rita, key, KEYWARD_LIVE), START, 0, 0, 0);
    keyward_close(&other);
}
END_TEST

START_TEST(the_later_of_two_uses_and_the_sum_of_refusals_stand)
{
    struct fixture other = f;

    assert_status(NULL, keyward_open(&other.store, f.path, &f.options), KEYWARD_OK);
    f.now += 50;
    use_key();
    flush();
    assert_status(other.store, try_key(&other, key, secret), KEYWARD_OK); /* its clock is behind */
    assert_use(shown_to(other.store, &rita, key, KEYWARD_LIVE), START + 50, 0, 0, 0);
    assert_status(other.store, keyward_flush_uses(other.store), KEYWARD_OK);
    assert_filed(START + 50, 0, 0, 0);
    drop_key(&f, "repo-1", key->id);
    refuse_key(KEYWARD_CAUSE_DELETED);
    flush();
    f.now += 50;
    assert_status(other.store, try_key(&other, key, secret), KEYWARD_REFUSED);
    assert_status(other.store, try_key(&other, key, secret), KEYWARD_REFUSED);
    assert_use(shown_to(other.store, &anna, key, KEYWARD_DELETED), START + 50, 3, START + 50,
               START + 100);
    keyward_close(&other.store);
    assert_filed(START + 50, 3, START + 50, START + 100);
    assert_shown_deleted(START + 50, 3, START + 50, START + 100);
    assert_sound(&f);
}
END_TEST

/* ---- only what is not used is deleted ---- */

static enum keyward_status delete_unless(int64_t within, keyward_deletion *deletion)
{
    *deletion = (keyward_deletion){
        .unless_used_within = within, .last_used_at = 99, .deleted_at = 99, .event = 99};
    return keyward_delete_key(f.store, &will, "repo-1", key->id, deletion);
}

static void assert_in_use(int64_t within, int64_t last_used_at)
{
    keyward_deletion deletion;
    int64_t events = count_events(f.path);

    assert_status(f.store, delete_unless(within, &deletion), KEYWARD_IN_USE);
    ck_assert_int_eq(deletion.last_used_at, last_used_at);
    ck_assert_int_eq(deletion.event, 0);
    ck_assert_int_eq(deletion.deleted_at, 0);
    ck_assert_int_eq(keyward_last_error(f.store)->last_used_at, last_used_at);
    ck_assert_int_eq(keyward_last_error(f.store)->status, KEYWARD_IN_USE);
    ck_assert_int_eq(count_events(f.path), events);
    ck_assert_int_eq(sql_number(f.path, "SELECT count(*) FROM api_keys WHERE deleted"), 0);
}

static void assert_deletable(int64_t within)
{
    keyward_deletion deletion;

    assert_status(f.store, delete_unless(within, &deletion), KEYWARD_OK);
    ck_assert_int_eq(deletion.last_used_at, 0);
    ck_assert_int_gt(deletion.event, 0);
    ck_assert_int_eq(keyward_last_error(f.store)->last_used_at, 0);
    refuse_key(KEYWARD_CAUSE_DELETED);
    assert_sound(&f);
}

START_TEST(a_key_used_within_the_time_is_kept)
{
    use_key();
    assert_in_use(1, START); /* this very moment */
    f.now += 1000;
    assert_in_use(INT64_MAX, START);
    assert_in_use(1001, START);
    assert_deletable(1000); /* so long ago is not within */
}
END_TEST

START_TEST(a_key_never_used_may_always_be_deleted)
{
    assert_deletable(INT64_MAX);
}
END_TEST

START_TEST(without_a_guard_a_key_in_use_is_deleted)
{
    use_key();
    assert_deletable(0);
}
END_TEST

START_TEST(a_use_that_is_not_in_the_file_yet_counts)
{
    use_key();
    flush();
    f.now += 500;
    use_key(); /* not due for a minute */
    assert_filed(START, 0, 0, 0);
    f.now += 499;
    assert_in_use(500, START + 500);
    f.now += 1;
    assert_deletable(500);
}
END_TEST

START_TEST(a_use_by_another_process_counts_by_the_file)
{
    struct fixture other = f;

    assert_status(NULL, keyward_open(&other.store, f.path, &f.options), KEYWARD_OK);
    assert_status(other.store, try_key(&other, key, secret), KEYWARD_OK);
    assert_status(other.store, keyward_flush_uses(other.store), KEYWARD_OK);
    f.now += 100;
    assert_in_use(101, START);
    assert_deletable(100);
    keyward_close(&other.store);
}
END_TEST

START_TEST(a_refused_attempt_is_no_use)
{
    assert_status(f.store, keyward_set_key_expiry(f.store, &will, "repo-1", key->id, START + 5),
                  KEYWARD_OK);
    f.now += 5;
    refuse_key(KEYWARD_CAUSE_EXPIRED);
    assert_deletable(INT64_MAX);
}
END_TEST

/* A use in the future, as a clock that was set back leaves it, is a recent one. */
START_TEST(a_clock_set_back_keeps_keys_in_use)
{
    use_key();
    f.now -= 100000;
    assert_in_use(1, START);
    f.now += 100001;
    assert_deletable(1);
}
END_TEST

START_TEST(each_of_many_deletions_has_its_guard)
{
    keyward_key *idle = make_key(&f, "repo-1", "idle", NULL);
    keyward_delete_request requests[] = {
        {.repo_id = "repo-1", .key_id = key->id, .deletion = {.unless_used_within = 10}},
        {.repo_id = "repo-1", .key_id = idle->id, .deletion = {.unless_used_within = 10}},
        {.access_key = key->access_key, .deletion = {.unless_used_within = 5}},
        {.access_key = key->access_key, .deletion = {.unless_used_within = 5}},
    };

    use_key();
    f.now += 5;
    assert_status(f.store, keyward_delete_keys(f.store, &host, requests, COUNT(requests)),
                  KEYWARD_OK);
    ck_assert_int_eq(requests[0].status, KEYWARD_IN_USE);
    ck_assert_int_eq(requests[0].deletion.last_used_at, START);
    ck_assert_int_eq(requests[0].deletion.event, 0);
    ck_assert_int_eq(requests[1].status, KEYWARD_OK);
    ck_assert_int_eq(requests[1].deletion.last_used_at, 0);
    ck_assert_int_eq(requests[2].status, KEYWARD_OK);
    ck_assert_int_eq(requests[3].status, KEYWARD_ALREADY_DELETED);
    ck_assert_int_eq(requests[3].deletion.event, requests[2].deletion.event);
    assert_filed(START, 0, 0, 0); /* it went along */
    assert_sound(&f);
    keyward_key_free(&idle);
}
END_TEST

START_TEST(those_in_use_are_counted_where_all_are_deleted)
{
    const keyward_selection selection = {.repo_id = "repo-1"};
    keyward_key *idle = make_key(&f, "repo-1", "idle", NULL);
    keyward_deletion deletion = {.unless_used_within = 10};
    keyward_changes *changes;

    use_key();
    assert_status(f.store, keyward_delete_all_keys(f.store, &will, &selection, &deletion, &changes),
                  KEYWARD_OK);
    ck_assert_int_eq(changes->in_use, 1);
    ck_assert_uint_eq(changes->key_count, 1);
    ck_assert_str_eq(changes->keys[0]->id, idle->id);
    keyward_changes_free(&changes);
    assert_shown(START, 0, 0, 0);
    keyward_key_free(&idle);
}
END_TEST

/* Which key was used when the table had no room is not known: it may have been any. */
START_TEST(what_could_not_be_noted_keeps_every_key)
{
    keyward_key *idle = make_key(&f, "repo-1", "idle", NULL);
    keyward_deletion deletion = {.unless_used_within = 10};

    uses = f.store->services.uses;
    find_colliding(key->access_key, WAYS);
    for (int i = 0; i < WAYS; i++)
        uses_note(uses, colliding[i], START);
    f.now += 7;
    use_key();
    assert_shown(0, 0, 0, 0);
    f.now += 9;
    assert_in_use(10, START + 7);
    assert_status(f.store, keyward_delete_key(f.store, &will, "repo-1", idle->id, &deletion),
                  KEYWARD_IN_USE);
    flush(); /* keys that do not exist are nobody's fault here */
    use_key();
    assert_shown(START + 16, 0, 0, 0);
    f.now += 1;
    assert_status(f.store, keyward_delete_key(f.store, &will, "repo-1", idle->id, &deletion),
                  KEYWARD_OK);
    keyward_key_free(&idle);
}
END_TEST

/* ---- uses that cannot be written ---- */

#define SPOIL "ALTER TABLE key_details ADD COLUMN spoilt INTEGER CHECK (last_used_at IS NULL)"
#define MEND "ALTER TABLE key_details DROP COLUMN spoilt"

START_TEST(uses_that_cannot_be_written_fail_nobody)
{
    keyward_key *other = make_key(&f, "repo-1", "other", NULL);
    int calls = 0;

    f.options.after_commit = count_call;
    f.options.after_commit_context = &calls;
    fixture_reopen(&f);
    ck_assert_int_eq(sql(f.path, SPOIL), SQLITE_OK);
    use_key();
    assert_status(f.store, keyward_flush_uses(f.store), KEYWARD_CORRUPT);
    drop_key(&f, "repo-1", other->id);
    write_something();
    ck_assert_int_eq(calls, 2);
    assert_filed(0, 0, 0, 0);
    assert_shown(START, 0, 0, 0);
    ck_assert_int_eq(sql_number(f.path, "SELECT deleted FROM api_keys WHERE name = 'other'"), 1);
    ck_assert_int_eq(sql(f.path, MEND), SQLITE_OK);
    /* Other writes leave them at home for a second after a failure; who asks for them does not. */
    assert_status(f.store, keyward_flush_uses(f.store), KEYWARD_OK);
    assert_filed(START, 0, 0, 0);
    keyward_key_free(&other);
}
END_TEST

START_TEST(uses_that_cannot_be_written_are_lost_when_the_store_closes)
{
    ck_assert_int_eq(sql(f.path, SPOIL), SQLITE_OK);
    use_key();
    keyward_close(&f.store);
    ck_assert_int_eq(sql(f.path, MEND), SQLITE_OK);
    fixture_reopen(&f);
    assert_shown(0, 0, 0, 0);
    assert_sound(&f);
}
END_TEST

#define WRITERS 8
#define DELETIONS_EACH 12

static void *delete_some(void *context)
{
    char **ids = context;

    for (int i = 0; i < DELETIONS_EACH; i++) {
        if (keyward_delete_key(f.store, &host, "repo-1", ids[i], NULL) != KEYWARD_OK)
            return context;
    }
    return NULL;
}

START_TEST(uses_that_cannot_be_written_fail_no_batch)
{
    static char *ids[WRITERS][DELETIONS_EACH];
    pthread_t threads[WRITERS];
    void *failed;

    for (int i = 0; i < WRITERS * DELETIONS_EACH; i++) {
        keyward_key *made = make_key(&f, "repo-1", "one of many", NULL);
        ids[i / DELETIONS_EACH][i % DELETIONS_EACH] = strdup(made->id);
        keyward_key_free(&made);
    }
    ck_assert_int_eq(sql(f.path, SPOIL), SQLITE_OK);
    use_key();
    for (int i = 0; i < WRITERS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, delete_some, ids[i]), 0);
    for (int i = 0; i < WRITERS; i++) {
        ck_assert_int_eq(pthread_join(threads[i], &failed), 0);
        ck_assert_ptr_null(failed);
    }
    ck_assert_int_eq(sql_number(f.path, "SELECT count(*) FROM api_keys WHERE deleted"),
                     WRITERS * DELETIONS_EACH);
    ck_assert_int_eq(sql(f.path, MEND), SQLITE_OK);
    flush();
    assert_filed(START, 0, 0, 0);
    assert_sound(&f);
    for (int i = 0; i < WRITERS * DELETIONS_EACH; i++)
        free(ids[i / DELETIONS_EACH][i % DELETIONS_EACH]);
}
END_TEST

/* ---- the suite ---- */

static void add_table(Suite *suite)
{
    TCase *tests = suite_add_case(suite, "table", open_table, close_table);

    tcase_add_test(tests, at_first_nothing_is_noted);
    tcase_add_test(tests, a_use_is_found_at_once_and_due);
    tcase_add_test(tests, a_key_is_due_again_after_a_minute_only);
    tcase_add_test(tests, who_wants_all_written_gets_what_is_not_due_yet);
    tcase_add_test(tests, what_was_not_written_is_due_again);
    tcase_add_test(tests, refusals_are_counted_once);
    tcase_add_test(tests, a_count_stops_at_the_largest_that_fits);
    tcase_add_test(tests, what_comes_while_it_is_written_stays);
    tcase_add_loop_test(tests, a_key_taken_twice_at_once_brings_what_is_new, 0, 2);
    tcase_add_test(tests, a_clock_may_go_back_and_say_anything);
    tcase_add_test(tests, a_refusal_before_1970_counts_as_well);
    tcase_add_test(tests, every_access_key_there_can_be_fits);
    tcase_add_test(tests, so_many_go_with_one_transaction);
    tcase_add_loop_test(tests, numbered_keys_go_to_many_buckets, 0, 16);
    tcase_add_test(tests, keys_of_one_bucket_are_kept_apart);
    tcase_add_test(tests, two_slots_of_a_key_add_up);
    tcase_add_test(tests, a_full_bucket_gives_up_the_key_that_was_used_longest_ago);
    tcase_add_test(tests, what_is_not_written_is_never_given_up);
    tcase_add_test(tests, hundreds_of_keys_go_through_one_bucket);
    tcase_add_test(tests, generations_come_round);
    tcase_add_test(tests, a_key_with_two_slots_is_one_key);
    tcase_add_test(tests, a_note_that_comes_in_between_keeps_the_slot);
    tcase_add_test(tests, a_note_that_is_being_written_is_written_once);
    tcase_add_test(tests, a_slot_that_is_being_taken_still_says_what_it_said);
    tcase_add_test(tests, who_comes_too_late_writes_nothing);
    tcase_add_test(tests, who_is_always_too_late_gives_up);
    tcase_add_test(tests, nothing_is_lost_or_doubled_by_threads);
}

static void add_shown(Suite *suite)
{
    TCase *tests = suite_add_case(suite, "shown and written", open_store, close_store);

    tcase_add_test(tests, a_use_is_shown_before_anything_is_written);
    tcase_add_test(tests, a_use_goes_along_with_the_next_write);
    tcase_add_test(tests, a_key_is_written_once_a_minute);
    tcase_add_test(tests, a_flush_writes_what_is_younger_than_a_minute);
    tcase_add_test(tests, a_flush_of_nothing_writes_nothing);
    tcase_add_test(tests, closing_writes_what_is_left);
    tcase_add_test(tests, a_child_that_closes_writes_nothing);
    tcase_add_test(tests, the_host_is_told_of_events_not_of_uses);
    tcase_add_test(tests, many_keys_go_along_in_portions);
    tcase_add_test(tests, one_transaction_takes_so_many);
    tcase_add_test(tests, others_learn_of_a_use_by_the_file);
    tcase_add_test(tests, the_later_of_two_uses_and_the_sum_of_refusals_stand);
}

static void add_refused(Suite *suite)
{
    TCase *tests = suite_add_case(suite, "refusals", open_store, close_store);

    tcase_add_test(tests, attempts_with_a_deleted_key_are_counted);
    tcase_add_test(tests, who_sees_a_restored_key_sees_who_tried_it);
    tcase_add_test(tests, attempts_with_an_expired_key_are_counted);
    tcase_add_test(tests, a_wrong_secret_is_no_use_and_no_attempt);
    tcase_add_test(tests, attempts_with_a_purged_key_are_not_counted);
    tcase_add_test(tests, an_archived_key_has_its_uses_too);
}

static void add_guarded(Suite *suite)
{
    TCase *tests = suite_add_case(suite, "guards", open_store, close_store);

    tcase_add_test(tests, a_key_used_within_the_time_is_kept);
    tcase_add_test(tests, a_key_never_used_may_always_be_deleted);
    tcase_add_test(tests, without_a_guard_a_key_in_use_is_deleted);
    tcase_add_test(tests, a_use_that_is_not_in_the_file_yet_counts);
    tcase_add_test(tests, a_use_by_another_process_counts_by_the_file);
    tcase_add_test(tests, a_refused_attempt_is_no_use);
    tcase_add_test(tests, a_clock_set_back_keeps_keys_in_use);
    tcase_add_test(tests, each_of_many_deletions_has_its_guard);
    tcase_add_test(tests, those_in_use_are_counted_where_all_are_deleted);
    tcase_add_test(tests, what_could_not_be_noted_keeps_every_key);
}

static void add_failing(Suite *suite)
{
    TCase *tests = suite_add_case(suite, "failures", open_store, close_store);

    tcase_add_test(tests, uses_that_cannot_be_written_fail_nobody);
    tcase_add_test(tests, uses_that_cannot_be_written_are_lost_when_the_store_closes);
    tcase_add_test(tests, uses_that_cannot_be_written_fail_no_batch);
}

int main(void)
{
    Suite *suite = suite_create("uses");

    add_table(suite);
    add_shown(suite);
    add_refused(suite);
    add_guarded(suite);
    add_failing(suite);
    return run_suite(suite);
}
