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
    ck_assert(make_place(uses, &key, &first_place));
    uses->noted = true;
    ck_assert(note_use(uses, &first_place, START + 5));
    ck_assert(make_place(uses, &key, &second_place));
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

static void add_table(Suite *suite)
{
    TCase *tests = suite_add_case(suite, "table", open_table, close_table);

    tcase_add_test(tests, at_first_nothing_is_noted);
    tcase_add_test(tests, a_use_is_found_at_once_and_due);
    tcase_add_test(tests, a_key_is_due_again_after_a_minute_only);
    tcase_add_test(tests, who_wants_all_written_gets_what_is_not_due_yet);
    tcase_add_test(tests, what_was_not_written_is_due_again);
    tcase_add_test(tests, refusals_are_counted_once);
    tcase_add_test(tests, what_comes_while_it_is_written_stays);
    tcase_add_loop_test(tests, a_key_taken_twice_at_once_brings_what_is_new, 0, 2);
    tcase_add_test(tests, a_clock_may_go_back_and_say_anything);
    tcase_add_test(tests, a_refusal_before_1970_counts_as_well);
    tcase_add_test(tests, every_access_key_there_can_be_fits);
    tcase_add_test(tests, so_many_go_with_one_transaction);
    tcase_add_test(tests, keys_of_one_bucket_are_kept_apart);
    tcase_add_test(tests, a_full_bucket_gives_up_the_key_that_was_used_longest_ago);
    tcase_add_test(tests, what_is_not_written_is_never_given_up);
    tcase_add_test(tests, hundreds_of_keys_go_through_one_bucket);
    tcase_add_test(tests, generations_come_round);
    tcase_add_test(tests, a_key_with_two_slots_is_one_key);
    tcase_add_test(tests, a_note_that_comes_in_between_keeps_the_slot);
    tcase_add_test(tests, a_note_that_is_being_written_is_written_once);
    tcase_add_test(tests, a_slot_that_is_being_taken_still_says_what_it_said);
    tcase_add_test(tests, who_comes_too_late_writes_nothing);
    tcase_add_test(tests, nothing_is_lost_or_doubled_by_threads);
}

int main(void)
{
    Suite *suite = suite_create("uses");

    add_table(suite);
    return run_suite(suite);
}
