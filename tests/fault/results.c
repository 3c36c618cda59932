/* SPDX-License-Identifier: MIT */
#include "fault/results.h"
#include "base/result.h"
#include "fault/turn.h"

static struct turn turn;

void results_fail(int nth)
{
    turn = turn_of(nth, FAIL_ONCE);
}

int results_stop(void)
{
    int failed = turn.failed;

    turn = turn_of(0, FAIL_ONCE);
    return failed;
}

/* ---- the names are the linker's ---- */

void *__real_result_alloc(void *result, size_t size);
void *__wrap_result_alloc(void *result, size_t size);

void *__wrap_result_alloc(void *result, size_t size)
{
    return turn_comes(&turn) ? NULL : __real_result_alloc(result, size);
}

void *__real_result_copy(void *result, const void *bytes, size_t length);
void *__wrap_result_copy(void *result, const void *bytes, size_t length);

void *__wrap_result_copy(void *result, const void *bytes, size_t length)
{
    return bytes && turn_comes(&turn) ? NULL : __real_result_copy(result, bytes, length);
}

const char *__real_result_keep(void *result, const char *text, bool *complete);
const char *__wrap_result_keep(void *result, const char *text, bool *complete);

const char *__wrap_result_keep(void *result, const char *text, bool *complete)
{
    if (!text || !turn_comes(&turn))
        return __real_result_keep(result, text, complete);
    *complete = false;
    return NULL;
}
