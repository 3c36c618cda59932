/* SPDX-License-Identifier: MIT */
#include "deletions.h"

#include "fail.h"
#include "settings.h"

void deletions_prepare(struct deletions *deletions, const struct sample *sample, size_t count)
{
    deletions->keys = sample->keys;
    deletions->count = count;
    deletions->a_slice = deletions->count / (settings.rounds + 1);
    atomic_init(&deletions->next, 0);
    atomic_init(&deletions->limit, 0);
    atomic_init(&deletions->acknowledged, 0);
}

void deletions_open_slice(struct deletions *deletions)
{
    size_t next = atomic_load(&deletions->next), limit = atomic_load(&deletions->limit);

    if (next > limit) /* threads that found nothing left have counted on */
        next = limit;
    limit = next + deletions->a_slice;
    atomic_store(&deletions->next, next);
    atomic_store(&deletions->limit, limit < deletions->count ? limit : deletions->count);
}

bool deletions_take(struct deletions *deletions, size_t count, const struct bench_key **keys)
{
    size_t first = atomic_fetch_add(&deletions->next, count);

    if (first + count > atomic_load(&deletions->limit))
        return false;
    *keys = &deletions->keys[first];
    return true;
}

void deletions_check(const struct deletions *deletions, const char *where, size_t rows,
                     size_t events)
{
    size_t acknowledged = atomic_load(&deletions->acknowledged);

    if (rows != acknowledged || events != acknowledged)
        die("%s: %zu deletes were acknowledged, but there are %zu deleted rows and %zu events",
            where, acknowledged, rows, events);
}
