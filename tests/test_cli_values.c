/* SPDX-License-Identifier: MIT */
/* What the command reads and shows: durations, moments, and text that a terminal must survive. */
#include "support/fixture.h"

#include "duration.h"
#include "moment.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define NOW INT64_C(1700000000000) /* 2023-11-14T22:13:20Z */

/* Berlin's rules, spelled out: not every machine has the names of zones. */
#define BERLIN "CET-1CEST,M3.5.0,M10.5.0/3"

static void set_zone(const char *zone)
{
    setenv("TZ", zone, 1);
    tzset();
}

START_TEST(durations_are_read)
{
    static const struct {
        const char *text;
        int64_t milliseconds;
    } cases[] = {
        {"90s", 90000},     {"15m", 900000},
        {"12h", 43200000},  {"30d", 2592000000},
        {"2w", 1209600000}, {"1d12h", 129600000},
        {"0s", 0},          {"1w1d1h1m1s", 694861000},
        {"007s", 7000},     {"9223372036854775s", INT64_C(9223372036854775000)},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        int64_t milliseconds = -1;
        ck_assert_pstr_eq(duration_parse(cases[i].text, &milliseconds), NULL);
        ck_assert_int_eq(milliseconds, cases[i].milliseconds);
    }
}
END_TEST

START_TEST(what_is_no_duration_is_refused)
{
    static const char *const wrong[] = {"",     "5",    "s",   "-5s",  "+5s",  "5 s",
                                        " 5s",  "5s ",  "5S",  "1.5h", "5x",   "5sm",
                                        "1h1d", "1h1h", "5ms", "1d12", "0x5s", "5s\n"};
    int64_t milliseconds = 42;

    for (size_t i = 0; i < COUNT(wrong); i++)
        ck_assert_msg(duration_parse(wrong[i], &milliseconds) != NULL, "'%s' passed", wrong[i]);
    ck_assert_int_eq(milliseconds, 42);
}
END_TEST

START_TEST(a_duration_beyond_64_bits_is_refused)
{
    static const char *const wrong[] = {"9223372036854776s", "99999999999999999999s",
                                        "15250284452w1w", "15250284453w",
                                        "15250284452w9223372036854775s"};
    int64_t milliseconds = 42;

    for (size_t i = 0; i < COUNT(wrong); i++)
        ck_assert_msg(duration_parse(wrong[i], &milliseconds) != NULL, "'%s' passed", wrong[i]);
    ck_assert_int_eq(milliseconds, 42);
}
END_TEST

static void assert_moment(const char *text, bool utc, int64_t wanted)
{
    int64_t at = -1;
    const char *problem = moment_parse(text, utc, NOW, &at);

    ck_assert_msg(!problem, "'%s' %s", text, problem);
    ck_assert_msg(at == wanted, "'%s' is %lld, not %lld", text, (long long)at, (long long)wanted);
}

START_TEST(moments_are_read)
{
    set_zone(BERLIN);
    assert_moment("2027-01-31", true, 1801353600000);
    assert_moment("2027-01-31", false, 1801353600000 - 3600000);
    assert_moment("2027-07-31", false, 1816992000000 - 7200000);
    assert_moment("2027-01-31T12:00", true, 1801396800000);
    assert_moment("2027-01-31T12:00", false, 1801396800000 - 3600000);
    assert_moment("2027-01-31T12:00Z", false, 1801396800000);
    assert_moment("2027-01-31T12:00:01.5Z", false, 1801396801500);
    assert_moment("2027-01-31T12:00:01.2345678Z", false, 1801396801234);
    assert_moment("2027-01-31T12:00+01:00", true, 1801396800000 - 3600000);
    assert_moment("2027-01-31T12:00-0530", true, 1801396800000 + 19800000);
    assert_moment("2028-02-29", true, 1835395200000);
    assert_moment("1970-01-01", true, 0);
    assert_moment("9999-12-31T23:59:59.999Z", true, KEYWARD_TIME_MAX);
    assert_moment("+30d", true, NOW + 2592000000);
    assert_moment("+1d12h", false, NOW + 129600000);
}
END_TEST

START_TEST(what_is_no_moment_is_refused)
{
    static const char *const wrong[] = {
        "", "never", "30d", "-30d", "+", "+30", "2027", "2027-1-31", "2027-01-31T", "2027-01-31T12",
        "2027-01-31 12:00", "2027-01-31T12:00 Z", "2027-01-31T12:00z", "2027-01-31T1200",
        "2027-01-31T12:00:", "2027-01-31T12:00:00.", "2027-01-31T12:00+1", "2027-01-31T12:00+25:00",
        "2027-01-31T12:00+01:60", "2027-01-31Z", "2027-01-31T12:00ZZ", " 2027-01-31", "2027-01-31x",
        "+99999999999d",
        /* what the calendar does not have */
        "2027-02-29", "2027-02-30", "2027-13-01", "2027-00-01", "2027-01-00", "2027-01-32",
        "2027-01-31T24:00Z", "2027-01-31T12:60Z", "2027-01-31T12:00:60Z",
        /* beyond what a store holds */
        "1969-12-31T23:59:59Z", "9999-12-31T23:59:59-01:00", "+8000000w"};
    int64_t at = 42;

    set_zone("UTC");
    for (size_t i = 0; i < COUNT(wrong); i++)
        ck_assert_msg(moment_parse(wrong[i], false, NOW, &at) != NULL, "'%s' passed", wrong[i]);
    ck_assert_int_eq(at, 42);
}
END_TEST

START_TEST(an_hour_that_the_clock_skips_is_refused)
{
    int64_t at = 42;

    set_zone(BERLIN);
    ck_assert_ptr_nonnull(moment_parse("2027-03-28T02:30", false, NOW, &at));
    ck_assert_int_eq(at, 42);
    assert_moment("2027-03-28T02:30", true, 1806201000000);
    assert_moment("2027-03-28T03:30", false, 1806201000000 - 3600000);
}
END_TEST

START_TEST(past_moments_may_be_durations)
{
    int64_t at;

    ck_assert_pstr_eq(moment_parse_past("12h", true, NOW, &at), NULL);
    ck_assert_int_eq(at, NOW - 43200000);
    ck_assert_pstr_eq(moment_parse_past("2023-11-14", true, NOW, &at), NULL);
    ck_assert_int_eq(at, 1699920000000);
    ck_assert_ptr_nonnull(moment_parse_past("+12h", true, NOW, &at));
    ck_assert_ptr_nonnull(moment_parse_past("12", true, NOW, &at));
    ck_assert_ptr_nonnull(moment_parse_past("3000w", true, NOW, &at)); /* before 1970 */
}
END_TEST

START_TEST(moments_are_shown_as_they_are_read)
{
    char text[MOMENT_SIZE];

    set_zone(BERLIN);
    ck_assert_str_eq(moment_text(NOW, true, text), "2023-11-14T22:13:20Z");
    ck_assert_str_eq(moment_text(NOW, false, text), "2023-11-14T23:13:20+01:00");
    assert_moment(moment_text(NOW, false, text), true, NOW);
    ck_assert_str_eq(moment_date(1699999200000, false, text), "2023-11-14");
    ck_assert_str_eq(moment_date(1700002800000, false, text), "2023-11-15");
    ck_assert_str_eq(moment_clock(1700002800000, false, text), "11-15 00:00:00");
    set_zone("<-0330>3:30");
    ck_assert_str_eq(moment_text(NOW, false, text), "2023-11-14T18:43:20-03:30");
}
END_TEST

static void assert_visible(const char *text, const char *wanted)
{
    char *visible = text_visible(text);

    ck_assert_str_eq(visible, wanted);
    free(visible);
}

START_TEST(control_characters_are_shown_as_bytes)
{
    text_start();
    assert_visible("plain é 漢字 🔑 \\", "plain é 漢字 🔑 \\");
    assert_visible("\033[31mred\033[0m", "\\x1b[31mred\\x1b[0m");
    assert_visible("a\nb\tc\rd\x7f", "a\\x0ab\\x09c\\x0dd\\x7f");
    assert_visible("\xc2\x9b"
                   "31m",
                   "\\xc2\\x9b31m"); /* ESC [ in one character */
    assert_visible("\xe2\x80\xae"
                   "gpj",
                   "\\xe2\\x80\\xaegpj");              /* turns the direction */
    assert_visible("\xe2\x80\x8b", "\\xe2\\x80\\x8b"); /* no width at all */
    assert_visible("\xff\xc3", "\\xff\\xc3");          /* no UTF-8 */
}
END_TEST

START_TEST(width_is_that_of_a_terminal)
{
    size_t width;

    text_start();
    ck_assert_uint_eq(text_width("abc"), 3);
    ck_assert_uint_eq(text_width("é漢字"), 5);
    ck_assert_uint_eq(text_width("e\xcc\x81"), 1); /* an accent of its own */
    ck_assert_uint_eq(text_fit("é漢字", 4, &width), strlen("é漢"));
    ck_assert_uint_eq(width, 3); /* half of a letter does not fit */
    ck_assert_uint_eq(text_fit("abc", 9, &width), 3);
    ck_assert_uint_eq(width, 3);
}
END_TEST

START_TEST(harmless_is_what_moves_no_cursor)
{
    text_start();
    ck_assert(text_is_harmless("line\r\n\tline é", strlen("line\r\n\tline é")));
    ck_assert(!text_is_harmless("\033[2J", 4));
    ck_assert(!text_is_harmless("a\0b", 3));
    ck_assert(!text_is_harmless("\b", 1));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cli_values");
    TCase *tests = suite_add_case(suite, "values", NULL, NULL);

    tcase_add_test(tests, durations_are_read);
    tcase_add_test(tests, what_is_no_duration_is_refused);
    tcase_add_test(tests, a_duration_beyond_64_bits_is_refused);
    tcase_add_test(tests, moments_are_read);
    tcase_add_test(tests, what_is_no_moment_is_refused);
    tcase_add_test(tests, an_hour_that_the_clock_skips_is_refused);
    tcase_add_test(tests, past_moments_may_be_durations);
    tcase_add_test(tests, moments_are_shown_as_they_are_read);
    tcase_add_test(tests, control_characters_are_shown_as_bytes);
    tcase_add_test(tests, width_is_that_of_a_terminal);
    tcase_add_test(tests, harmless_is_what_moves_no_cursor);
    return run_suite(suite);
}
