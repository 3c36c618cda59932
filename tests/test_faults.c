/* SPDX-License-Identifier: MIT */
/* What each function does when memory or the disk fails it, at every point where they can: the
 * exact status, nothing half-done, nothing leaked or locked, and a store that works as soon as the
 * cause is gone. */
#include "fault/sweep.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static void survive_crash_only(void)
{
    durability = KEYWARD_SURVIVES_CRASH;
}

static void survive_power_loss(void)
{
    durability = KEYWARD_SURVIVES_POWER_LOSS;
}

/* Every call of the disk is tried, and some of the allocations, of which there are thousands. */
static int tried(const struct fault *fault)
{
    return fault->source == DISK ? POINTS_MAX : POINTS_TRIED;
}

/* Both lengths and both starts: where not every point is wanted, two of the four pairs. */
static void provoke_ways(int index, const struct fault *fault, int floor)
{
    const struct call *call = call_at((size_t)index);
    struct tally tally = {0};

    for (int way = 0; way < 4; way++) {
        enum fault_length length = way % 2 ? FAIL_FROM_THEN_ON : FAIL_ONCE;
        enum start start = way / 2 ? COLD : WARM;
        if (every_point() || (way % 2 ^ way / 2) == index % 2)
            sweep(call, fault, length, start, tried(fault), &tally);
    }
    if (call->traits & NEVER_FAILS)
        ck_assert_int_eq(tally.failed, 0);
    if (call->traits & NEEDS_NO_DISK && fault != &library_memory)
        ck_assert_int_eq(tally.points, 0);
    if (call->traits & NEVER_FAILS || (call->traits & NEEDS_NO_DISK && fault != &library_memory))
        floor = 0;
    if (call->traits & NEEDS_A_WRITE && floor > 1)
        floor = 1; /* a store just opened has nothing to write */
    assert_hit(call->name, fault, &tally, floor);
}

static bool call_has(int index, enum trait trait)
{
    return call_at((size_t)index)->traits & trait;
}

static bool is_backup(int index)
{
    return index == (int)call_index("backup");
}

START_TEST(sqlite_out_of_memory_changes_nothing)
{
    provoke_ways(_i, &sqlite_memory, 5);
}
END_TEST

START_TEST(the_library_out_of_memory_changes_nothing)
{
    provoke_ways(_i, &library_memory, call_has(_i, ALLOCATES) ? 1 : 0);
}
END_TEST

START_TEST(a_full_disk_changes_nothing)
{
    provoke_ways(_i, &disk_full, call_has(_i, WRITES) || is_backup(_i) ? 2 : 0);
}
END_TEST

START_TEST(a_failed_write_changes_nothing)
{
    provoke_ways(_i, &bad_write, call_has(_i, WRITES) || is_backup(_i) ? 2 : 0);
}
END_TEST

START_TEST(a_failed_flush_fails_the_call)
{
    provoke_ways(_i, &bad_sync, call_has(_i, WRITES) || is_backup(_i) ? 2 : 0);
}
END_TEST

START_TEST(a_failed_read_changes_nothing)
{
    /* what flushes uses has read its pages before */
    provoke_ways(_i, &bad_read, call_has(_i, NEEDS_A_WRITE) ? 0 : 1);
}
END_TEST

START_TEST(a_failed_lock_changes_nothing)
{
    provoke_ways(_i, &bad_lock, 1);
}
END_TEST

START_TEST(a_busy_lock_changes_nothing)
{
    provoke_ways(_i, &busy_lock, 1);
}
END_TEST

START_TEST(other_faults_of_the_disk_change_nothing)
{
    static const struct fault *const others[] = {&bad_truncate, &bad_map, &no_map, &bad_open,
                                                 &bad_size};

    for (size_t i = 0; i < COUNT(others); i++)
        provoke_ways(_i, others[i], 0);
}
END_TEST

/* ---- that this is all of them ---- */

/* The next function that the header declares, in `name`; NULL after the last one. */
static const char *next_declared(const char *at, char name[64])
{
    const char *begin, *end;

    at = strstr(at, "\nKEYWARD_API ");
    if (!at)
        return NULL;
    end = strchr(at, '(');
    ck_assert_ptr_nonnull(end);
    for (begin = end; isalnum((unsigned char)begin[-1]) || begin[-1] == '_'; begin--)
        ;
    ck_assert_int_lt(end - begin, 64);
    memcpy(name, begin, (size_t)(end - begin));
    name[end - begin] = '\0';
    return end;
}

/* A function that is new in the header has to be given a row in the tables of tests/fault. */
START_TEST(every_function_of_the_header_is_among_the_calls)
{
    size_t size, declared = 0;
    unsigned char *bytes = read_whole(KEYWARD_HEADER, &size);
    struct tally tally = {0};
    char name[64];

    bytes[size] = '\0';
    for (size_t i = 0; i < call_count(); i++)
        sweep(call_at(i), &library_memory, FAIL_ONCE, WARM, 1, &tally);
    for (const char *at = (const char *)bytes; (at = next_declared(at, name)); declared++)
        ck_assert_msg(was_exercised(name), "%s has no row in tests/fault/calls_*.c", name);
    ck_assert_uint_gt(declared, 0);
    ck_assert_uint_eq(exercised_count(), declared);
    free(bytes);
}
END_TEST

static Suite *faults_suite(void)
{
    Suite *suite = suite_create("faults");
    TCase *memory = tcase_create("memory"), *disk = tcase_create("disk");
    TCase *unflushed = suite_add_case(suite, "unflushed", survive_crash_only, survive_power_loss);
    int count = (int)call_count();

    tcase_add_test(memory, every_function_of_the_header_is_among_the_calls);
    tcase_add_loop_test(memory, sqlite_out_of_memory_changes_nothing, 0, count);
    tcase_add_loop_test(memory, the_library_out_of_memory_changes_nothing, 0, count);
    tcase_add_loop_test(disk, a_full_disk_changes_nothing, 0, count);
    tcase_add_loop_test(disk, a_failed_write_changes_nothing, 0, count);
    tcase_add_loop_test(disk, a_failed_flush_fails_the_call, 0, count);
    tcase_add_loop_test(disk, a_failed_read_changes_nothing, 0, count);
    tcase_add_loop_test(disk, a_failed_lock_changes_nothing, 0, count);
    tcase_add_loop_test(disk, a_busy_lock_changes_nothing, 0, count);
    tcase_add_loop_test(disk, other_faults_of_the_disk_change_nothing, 0, count);
    tcase_add_loop_test(unflushed, a_full_disk_changes_nothing, 0, count);
    tcase_add_loop_test(unflushed, a_failed_write_changes_nothing, 0, count);
    suite_add_tcase(suite, memory);
    suite_add_tcase(suite, disk);
    return suite;
}

int main(void)
{
    if (!fault_install())
        return EXIT_FAILURE;
    return run_suite(faults_suite());
}
