/* SPDX-License-Identifier: MIT */
#include "support/history.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* What a key is: not there yet, live, or the event that deleted it. */
#define ABSENT (-1)
#define LIVE 0

static int by_beginning(const void *a, const void *b)
{
    const struct call *left = a, *right = b;
    return (left->began > right->began) - (left->began < right->began);
}

void history_sort(struct call *calls, size_t count)
{
    qsort(calls, count, sizeof *calls, by_beginning);
}

/* ---- the register ---- */

static bool changes(const struct call *call)
{
    return call->status == KEYWARD_OK && call->act != ACT_AUTHENTICATE;
}

/* Whether the call can have come to this in this state, and which one it leaves. */
static bool explains(int64_t state, const struct call *call, int64_t *after)
{
    bool ok = call->status == KEYWARD_OK;

    *after = state;
    switch (call->act) {
    case ACT_CREATE:
        *after = LIVE;
        return ok && state == ABSENT;
    case ACT_DELETE:
        *after = call->deletion;
        if (ok)
            return state == LIVE && call->deletion > 0;
        return call->status == KEYWARD_ALREADY_DELETED && state > 0 && state == call->deletion;
    case ACT_RESTORE:
        if (ok)
            *after = LIVE;
        return ok ? state > 0 : call->status == KEYWARD_NOT_DELETED && state == LIVE;
    case ACT_AUTHENTICATE:
        if (ok)
            return state == LIVE;
        return call->status == KEYWARD_REFUSED && state > 0 && state == call->deletion;
    }
    return false;
}

/* ---- the search ---- */

/* Calls explained so far in some order, which left a state, and from which there is no way on. */
struct dead_end {
    uint64_t hash; /* of the rest, to compare less */
    int64_t state;
    bool *explained;
};

struct search {
    const struct call *calls;
    size_t count;
    bool *explained;
    uint64_t hash;
    size_t *order; /* in which they took effect */
    size_t length, longest;
    struct dead_end *dead_ends;
    size_t dead_end_count;
};

static void *must(void *memory)
{
    if (!memory)
        abort();
    return memory;
}

static uint64_t hash_of(size_t index)
{
    uint64_t value = (index + 1) * 0x9E3779B97F4A7C15;
    return (value ^ value >> 29) * 0xBF58476D1CE4E5B9;
}

static void take(struct search *search, size_t index)
{
    search->explained[index] = true;
    search->hash ^= hash_of(index);
    search->order[search->length++] = index;
    if (search->length > search->longest)
        search->longest = search->length;
}

static void give_back(struct search *search, size_t length)
{
    while (search->length > length) {
        size_t index = search->order[--search->length];
        search->explained[index] = false;
        search->hash ^= hash_of(index);
    }
}

/* The next call after `index` that may take effect now: none that is open ended before it began.
 * `*limit` starts with INT64_MAX and `index` with count. */
static bool next_candidate(const struct search *search, size_t *index, int64_t *limit)
{
    size_t i = *index == search->count ? 0 : *index + 1;

    if (*index < search->count && !search->explained[*index] &&
        search->calls[*index].ended < *limit)
        *limit = search->calls[*index].ended;
    while (i < search->count && search->explained[i])
        i++;
    *index = i;
    return i < search->count && search->calls[i].began < *limit;
}

/* What changes nothing and fits takes effect at once: that closes no way. */
static void take_readings(struct search *search, int64_t state)
{
    int64_t limit = INT64_MAX, after;

    for (size_t i = search->count; next_candidate(search, &i, &limit);)
        if (!changes(&search->calls[i]) && explains(state, &search->calls[i], &after))
            take(search, i);
}

static bool is_dead_end(const struct search *search, int64_t state)
{
    for (size_t i = 0; i < search->dead_end_count; i++) {
        const struct dead_end *end = &search->dead_ends[i];
        if (end->hash == search->hash && end->state == state &&
            memcmp(end->explained, search->explained, search->count * sizeof *end->explained) == 0)
            return true;
    }
    return false;
}

static void remember_dead_end(struct search *search, int64_t state)
{
    size_t size = search->count * sizeof *search->explained;
    struct dead_end end = {.hash = search->hash, .state = state, .explained = must(malloc(size))};

    memcpy(end.explained, search->explained, size);
    search->dead_ends =
        must(realloc(search->dead_ends, (search->dead_end_count + 1) * sizeof *search->dead_ends));
    search->dead_ends[search->dead_end_count++] = end;
}

/* Is there an order for all that is not explained yet? Leaves the search as it was if not. */
static bool explore(struct search *search, int64_t state)
{
    size_t before = search->length, readings;
    int64_t limit = INT64_MAX, after;

    take_readings(search, state);
    readings = search->length;
    if (search->length == search->count)
        return true;
    if (!is_dead_end(search, state)) {
        for (size_t i = search->count; next_candidate(search, &i, &limit);) {
            if (!changes(&search->calls[i]) || !explains(state, &search->calls[i], &after))
                continue;
            take(search, i);
            if (explore(search, after))
                return true;
            give_back(search, readings);
        }
        remember_dead_end(search, state);
    }
    give_back(search, before);
    return false;
}

bool history_is_linearizable(const struct call *calls, size_t count, size_t *explained)
{
    struct search search = {.calls = calls, .count = count};
    bool possible;

    search.explained = must(calloc(count + 1, sizeof *search.explained));
    search.order = must(calloc(count + 1, sizeof *search.order));
    possible = explore(&search, ABSENT);
    *explained = search.longest;
    for (size_t i = 0; i < search.dead_end_count; i++)
        free(search.dead_ends[i].explained);
    free(search.dead_ends);
    free(search.order);
    free(search.explained);
    return possible;
}

/* ---- the main promise ---- */

static bool tells_of_deletion(const struct call *call)
{
    return call->act == ACT_DELETE
               ? call->status == KEYWARD_OK || call->status == KEYWARD_ALREADY_DELETED
               : call->act == ACT_AUTHENTICATE && call->status == KEYWARD_REFUSED;
}

static bool is_restoring(const struct call *call)
{
    return call->act == ACT_RESTORE && call->status == KEYWARD_OK;
}

/* The last to begin of those who had been told before the success began; and of the restorings that
 * had begun before it ended, is the last to end later than that one's beginning? */
const struct call *history_stale_success(const struct call *calls, size_t count,
                                         const struct call **told)
{
    for (const struct call *success = calls; success < calls + count; success++) {
        int64_t restored = INT64_MIN;

        if (success->act != ACT_AUTHENTICATE || success->status != KEYWARD_OK)
            continue;
        *told = NULL;
        for (const struct call *call = calls; call < calls + count; call++) {
            if (tells_of_deletion(call) && call->ended < success->began &&
                (!*told || call->began > (*told)->began))
                *told = call;
            if (is_restoring(call) && call->began < success->ended && call->ended > restored)
                restored = call->ended;
        }
        if (*told && restored < (*told)->began)
            return success;
    }
    *told = NULL;
    return NULL;
}

size_t history_races(const struct call *calls, size_t count)
{
    size_t races = 0;

    for (const struct call *tried = calls; tried < calls + count; tried++) {
        bool raced = false;
        for (const struct call *call = calls; call < calls + count && !raced; call++)
            raced = call->act == ACT_DELETE && call->status == KEYWARD_OK &&
                    call->began < tried->ended && call->ended > tried->began;
        races += raced && tried->act == ACT_AUTHENTICATE;
    }
    return races;
}

void history_print(FILE *out, const struct call *calls, size_t count)
{
    static const char *const names[] = {"create", "delete", "restore", "authenticate"};

    for (size_t i = 0; i < count; i++)
        fprintf(out,
                "%8" PRId64 " to %8" PRId64 "  caller %2d  %-12s  %d (%s), deletion %" PRId64 "\n",
                calls[i].began, calls[i].ended, calls[i].caller, names[calls[i].act],
                calls[i].status, keyward_status_text(calls[i].status), calls[i].deletion);
}
