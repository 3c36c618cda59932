/* SPDX-License-Identifier: MIT */
/* A suite that passes, fails or is empty, as the argument says: what run_suite() makes of it. */
#include "support/fixture.h"

#include <string.h>

START_TEST(passes)
{
    ck_assert_int_eq(1, 1);
}
END_TEST

START_TEST(fails)
{
    ck_assert_int_eq(1, 2);
}
END_TEST

int main(int argc, char **argv)
{
    const char *kind = argc > 1 ? argv[1] : "";
    Suite *suite = suite_create("planted");
    TCase *tests = tcase_create("planted");

    if (strcmp(kind, "empty") != 0)
        tcase_add_test(tests, passes);
    if (strcmp(kind, "failing") == 0)
        tcase_add_test(tests, fails);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
