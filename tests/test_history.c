/* SPDX-License-Identifier: MIT */
/* The checker of histories, on histories made by hand: those that are possible and those that are
 * not. */
#include "support/chance.h"
#include "support/fixture.h"
#include "support/history.h"

#define OK KEYWARD_OK
#define GONE KEYWARD_ALREADY_DELETED
#define THERE KEYWARD_NOT_DELETED
#define REFUSED KEYWARD_REFUSED

#define CREATE(began, ended)               \
    {                                      \
        began, ended, ACT_CREATE, OK, 0, 0 \
    }
#define DELETE(began, ended, status, event)        \
    {                                              \
        began, ended, ACT_DELETE, status, event, 1 \
    }
#define RESTORE(began, ended, status)           \
    {                                           \
        began, ended, ACT_RESTORE, status, 0, 2 \
    }
#define TRY(began, ended, status, event)                 \
    {                                                    \
        began, ended, ACT_AUTHENTICATE, status, event, 3 \
    }

struct example {
    const char *name;
    bool possible;
    bool stale; /* the main promise is broken */
    struct call calls[10];
};

static const struct example examples[] = {
    {"one after the other",
     true,
     false,
     {CREATE(1, 2), TRY(3, 4, OK, 0), DELETE(5, 6, OK, 7), TRY(7, 8, REFUSED, 7),
      DELETE(9, 10, GONE, 7), RESTORE(11, 12, OK), RESTORE(13, 14, THERE), TRY(15, 16, OK, 0)}},
    {"accepted after the deletion has returned",
     false,
     true,
     {CREATE(1, 2), DELETE(3, 4, OK, 7), TRY(5, 6, OK, 0)}},
    {"accepted after somebody was refused",
     false,
     true,
     {CREATE(1, 2), DELETE(3, 10, OK, 7), TRY(4, 5, REFUSED, 7), TRY(6, 7, OK, 0)}},
    {"accepted after somebody was told that it is deleted already",
     false,
     true,
     {CREATE(1, 2), DELETE(3, 10, OK, 7), DELETE(4, 5, GONE, 7), TRY(6, 7, OK, 0)}},
    {"accepted after the deletion, restored only later",
     false,
     true,
     {CREATE(1, 2), DELETE(3, 4, OK, 7), TRY(5, 6, OK, 0), RESTORE(7, 8, OK)}},
    {"accepted after the deletion, restored only before it",
     false,
     true,
     {CREATE(1, 2), DELETE(3, 4, OK, 7), RESTORE(5, 6, OK), DELETE(7, 8, OK, 9),
      TRY(9, 10, OK, 0)}},
    {"accepted while it is being deleted",
     true,
     false,
     {CREATE(1, 2), DELETE(3, 6, OK, 7), TRY(4, 5, OK, 0), TRY(7, 8, REFUSED, 7)}},
    {"refused while it is being deleted",
     true,
     false,
     {CREATE(1, 2), DELETE(3, 6, OK, 7), TRY(4, 5, REFUSED, 7), TRY(7, 8, REFUSED, 7)}},
    {"accepted while it is being restored, by who began before that",
     true,
     false,
     {CREATE(1, 2), DELETE(3, 4, OK, 7), TRY(5, 9, OK, 0), RESTORE(8, 12, OK), TRY(10, 11, OK, 0)}},
    {"refused after it was accepted, while it is being restored",
     false,
     false,
     {CREATE(1, 2), DELETE(3, 4, OK, 7), RESTORE(5, 12, OK), TRY(6, 7, OK, 0),
      TRY(8, 9, REFUSED, 7)}},
    {"refused before it is deleted",
     false,
     false,
     {CREATE(1, 2), TRY(3, 4, REFUSED, 7), DELETE(5, 6, OK, 7)}},
    {"refused for a deletion that has not come yet",
     false,
     false,
     {CREATE(1, 2), DELETE(3, 4, OK, 7), TRY(5, 6, REFUSED, 9), RESTORE(7, 8, OK),
      DELETE(9, 10, OK, 9)}},
    {"deleted twice", false, false, {CREATE(1, 2), DELETE(3, 6, OK, 7), DELETE(4, 5, OK, 8)}},
    {"deleted twice, restored meanwhile",
     true,
     false,
     {CREATE(1, 2), DELETE(3, 9, OK, 7), DELETE(4, 8, OK, 8), RESTORE(5, 6, OK)}},
    {"deleted twice, in the order that only the refusals tell",
     true,
     false,
     {CREATE(1, 2), DELETE(3, 20, OK, 7), DELETE(4, 20, OK, 8), RESTORE(5, 19, OK),
      TRY(6, 7, REFUSED, 8), TRY(8, 9, OK, 0), TRY(10, 11, REFUSED, 7)}},
    {"the refusals tell two orders",
     false,
     false,
     {CREATE(1, 2), DELETE(3, 20, OK, 7), DELETE(4, 20, OK, 8), RESTORE(5, 19, OK),
      TRY(6, 7, REFUSED, 8), TRY(8, 9, REFUSED, 7), TRY(10, 11, REFUSED, 8)}},
    {"restored, though nobody had deleted it",
     false,
     false,
     {CREATE(1, 2), RESTORE(3, 4, OK), DELETE(5, 6, OK, 7)}},
    {"not to be restored, though it is deleted",
     false,
     false,
     {CREATE(1, 2), DELETE(3, 4, OK, 7), RESTORE(5, 6, THERE)}},
    {"accepted before it is there", false, false, {TRY(1, 2, OK, 0), CREATE(3, 4)}},
    {"a call that failed", false, false, {CREATE(1, 2), DELETE(3, 4, KEYWARD_BUSY, 0)}},
    {"refused for another cause", false, false, {CREATE(1, 2), TRY(3, 4, REFUSED, 0)}},
};
#define EXAMPLES ((int)(sizeof examples / sizeof *examples))

static size_t length_of(const struct example *example)
{
    size_t count = 0;

    while (count < 10 && example->calls[count].ended > 0)
        count++;
    return count;
}

START_TEST(a_history_is_possible_or_not)
{
    const struct example *example = &examples[_i];
    const struct call *told;
    size_t explained, count = length_of(example);

    ck_assert_msg(history_is_linearizable(example->calls, count, &explained) == example->possible,
                  "%s", example->name);
    ck_assert_msg((explained == count) == example->possible, "%s: %zu explained", example->name,
                  explained);
    ck_assert_msg((history_stale_success(example->calls, count, &told) != NULL) == example->stale,
                  "%s", example->name);
    ck_assert_msg((told != NULL) == example->stale, "%s", example->name);
}
END_TEST

START_TEST(the_order_in_which_calls_were_written_down_plays_no_part)
{
    struct call calls[] = {TRY(7, 8, REFUSED, 7), DELETE(3, 6, OK, 7), TRY(4, 5, OK, 0),
                           CREATE(1, 2)};
    size_t explained;

    history_sort(calls, 4);
    for (int i = 0; i < 3; i++)
        ck_assert_int_lt(calls[i].began, calls[i + 1].began);
    ck_assert(history_is_linearizable(calls, 4, &explained));
    ck_assert_uint_eq(history_races(calls, 4), 1);
}
END_TEST

/* ---- histories of a register that is one, and the same with one answer changed ---- */

#define CALLERS 6
#define CALLS 400

/* Each takes effect somewhere between its ends; several are under way at any time. */
static size_t simulate(uint64_t *chance, struct call *calls)
{
    int64_t deletion = 0, next_event = 1, free_from[CALLERS] = {0};
    size_t count = 0;

    calls[count++] = (struct call)CREATE(1, 2);
    for (int64_t moment = 100; count < CALLS; moment += 10) {
        int caller = chance_index(chance, CALLERS), dice = chance_index(chance, 8);
        struct call call = {.began = moment - chance_index(chance, 60) - 1,
                            .ended = moment + chance_index(chance, 60) + 1,
                            .caller = caller};

        if (call.began <= free_from[caller])
            call.began = free_from[caller] + 1;
        if (call.began > moment)
            continue;
        call.deletion = deletion;
        if (dice == 0) {
            call.act = ACT_DELETE;
            call.status = deletion ? GONE : OK;
            if (deletion == 0)
                call.deletion = deletion = next_event++;
        } else if (dice == 1) {
            call.act = ACT_RESTORE;
            call.status = deletion ? OK : THERE;
            call.deletion = deletion = 0;
        } else {
            call.act = ACT_AUTHENTICATE;
            call.status = deletion ? REFUSED : OK;
        }
        free_from[caller] = call.ended;
        calls[count++] = call;
    }
    history_sort(calls, count);
    return count;
}

START_TEST(what_a_register_answers_is_possible_and_an_answer_of_another_time_is_not)
{
    struct call calls[CALLS];
    uint64_t chance = chance_of(chance_seed(), 0);
    size_t explained, count;

    for (int round = 0; round < 50; round++) {
        const struct call *told;
        size_t last;

        count = simulate(&chance, calls);
        ck_assert_msg(history_is_linearizable(calls, count, &explained), "%zu of %zu explained",
                      explained, count);
        ck_assert_ptr_null(history_stale_success(calls, count, &told));

        for (last = count - 1; calls[last].status != REFUSED; last--)
            continue;
        calls[last].deletion -= 12; /* so many have not room in one call; or none at all */
        ck_assert(!history_is_linearizable(calls, count, &explained));
        ck_assert_uint_lt(explained, count);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("history");
    TCase *tests = tcase_create("checker");

    tcase_add_loop_test(tests, a_history_is_possible_or_not, 0, EXAMPLES);
    tcase_add_test(tests, the_order_in_which_calls_were_written_down_plays_no_part);
    tcase_add_test(tests, what_a_register_answers_is_possible_and_an_answer_of_another_time_is_not);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
