/* SPDX-License-Identifier: MIT */
/* Whether this is the process that made the guard, also where the kernel is too old to wipe a page
 * at fork or has no page to give: the linker leads mmap and madvise through here. */
#include "base/fork_guard.h"
#include "support/crew.h"
#include "support/fixture.h"

#include <errno.h>
#include <sys/mman.h>

static bool no_page, no_wiping;

extern __typeof__(mmap) __real_mmap, __wrap_mmap;
extern __typeof__(madvise) __real_madvise, __wrap_madvise;

void *__wrap_mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset)
{
    return no_page ? MAP_FAILED : __real_mmap(at, size, protection, flags, fd, offset);
}

int __wrap_madvise(void *at, size_t size, int advice)
{
    if (!no_wiping)
        return __real_madvise(at, size, advice);
    errno = EINVAL;
    return -1;
}

static int is_ours(void *guard, int number)
{
    (void)number;
    return fork_guard_is_ours(guard);
}

START_TEST(a_child_is_told_from_its_parent)
{
    struct fork_guard guard;

    no_wiping = _i == 1;
    ck_assert(fork_guard_init(&guard));
    ck_assert(fork_guard_is_ours(&guard));
    ck_assert_int_eq(run_process(is_ours, &guard), 0);
    ck_assert(fork_guard_is_ours(&guard));
    fork_guard_release(&guard);
    ck_assert(!guard.page);
}
END_TEST

START_TEST(without_memory_there_is_no_guard)
{
    struct fork_guard guard;

    no_page = true;
    ck_assert(!fork_guard_init(&guard));
    no_page = false;
    ck_assert(fork_guard_init(&guard));
    fork_guard_release(&guard);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("fork_guard");
    TCase *tests = tcase_create("fork_guard");

    tcase_add_loop_test(tests, a_child_is_told_from_its_parent, 0, 2);
    tcase_add_test(tests, without_memory_there_is_no_guard);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
