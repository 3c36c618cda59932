/* SPDX-License-Identifier: MIT */
#include "transaction/log_keeper.h"
#include "connection/write_back.h"

#include <limits.h>
#include <time.h>

/* A suite that looks at stores too small for these limits divides them. */
#ifndef LIMITS_DIVIDED_BY
#define LIMITS_DIVIDED_BY 1
#endif

/*
 * How long a log may grow, in pages, before it is written back. A long one has more pages written
 * back once instead of twice; a short one is sooner overwritten instead of growing, which makes
 * each flush cheaper. So the length is that of so many commits as they are now, small or large.
 */
#define COMMITS_IN_LOG (200 / LIMITS_DIVIDED_BY)
#define SHORT_LOG (4000 / LIMITS_DIVIDED_BY) /* 8 MiB */
#define LONG_LOG (20000 / LIMITS_DIVIDED_BY) /* 40 MiB */

/* How long a reader who holds on to the log is left alone before it is tried again. */
#define EMPTY_AGAIN_US 100000

/* What a leader may copy before he begins his batch, without being noticed. */
#define FEW_PAGES (200 / LIMITS_DIVIDED_BY)

/* Where the disk cannot keep up, commits wait at this length until the log is written back. */
#define LONGEST_LOG (40000 / LIMITS_DIVIDED_BY) /* 80 MiB */

void log_keeper_init(struct log_keeper *keeper, const struct connection_options *options)
{
    keeper->options = options;
    keeper->connection = NULL;
    error_reset(&keeper->unheard);
    atomic_flag_clear(&keeper->busy);
    atomic_init(&keeper->pages, 0);
    atomic_init(&keeper->commit_pages, 0);
    atomic_init(&keeper->put_off, 0);
    atomic_init(&keeper->almost, false);
    atomic_init(&keeper->to_empty, false);
    atomic_init(&keeper->emptied, false);
    atomic_init(&keeper->not_before, 0);
}

void log_keeper_release(struct log_keeper *keeper, void (*close)(struct connection **connection))
{
    close(&keeper->connection);
}

static int load_relaxed(const atomic_int *number)
{
    return atomic_load_explicit(number, memory_order_relaxed);
}

static void store(atomic_int *number, int value)
{
    atomic_store_explicit(number, value, memory_order_relaxed);
}

void log_keeper_note(struct log_keeper *keeper, int pages)
{
    int before = load_relaxed(&keeper->pages), added = pages > before ? pages - before : pages;

    store(&keeper->pages, pages);
    if (pages < before)
        store(&keeper->put_off, 0); /* the log has begun anew */
    store(&keeper->commit_pages, (3 * load_relaxed(&keeper->commit_pages) + added) / 4);
}

static bool is_at_least(const struct log_keeper *keeper, int limit)
{
    return load_relaxed(&keeper->pages) >= limit &&
           load_relaxed(&keeper->pages) >= load_relaxed(&keeper->put_off);
}

static int limit_of(const struct log_keeper *keeper)
{
    int limit = load_relaxed(&keeper->commit_pages) * COMMITS_IN_LOG;

    return limit < SHORT_LOG ? SHORT_LOG : limit > LONG_LOG ? LONG_LOG : limit;
}

static bool has_connection(struct log_keeper *keeper)
{
    if (keeper->connection)
        return true;
    if (connection_open(&keeper->connection, keeper->options, false, &keeper->unheard) !=
        KEYWARD_OK)
        return false;
    connection_accept_file(keeper->connection);
    connection_set_busy_timeout(keeper->connection, 0);
    return true;
}

/* Returns how many pages of what this process has committed by now are left to be copied. */
static int write_back(struct log_keeper *keeper, bool alone)
{
    int copied = 0;

    if (!has_connection(keeper))
        return INT_MAX;
    if (!write_back_log(keeper->connection, !alone, &copied))
        return INT_MAX;
    return copied < load_relaxed(&keeper->pages) ? load_relaxed(&keeper->pages) - copied : 0;
}

static void empty(struct log_keeper *keeper)
{
    if (monotonic_us() < atomic_load_explicit(&keeper->not_before, memory_order_relaxed) ||
        atomic_flag_test_and_set(&keeper->busy))
        return;
    atomic_store(&keeper->to_empty, false); /* first: who asks meanwhile, asks for more */
    if (has_connection(keeper) && write_back_and_empty_log(keeper->connection)) {
        atomic_store(&keeper->emptied, true);
    } else {
        atomic_store(&keeper->not_before, monotonic_us() + EMPTY_AGAIN_US);
        atomic_store(&keeper->to_empty, true);
    }
    atomic_flag_clear(&keeper->busy);
}

void log_keeper_empty(struct log_keeper *keeper)
{
    atomic_store(&keeper->to_empty, true);
    atomic_store(&keeper->not_before, 0);
    empty(keeper);
}

bool log_keeper_was_emptied(struct log_keeper *keeper)
{
    bool emptied = atomic_load_explicit(&keeper->emptied, memory_order_relaxed);

    if (emptied)
        atomic_store(&keeper->emptied, false);
    return emptied;
}

void log_keeper_work(struct log_keeper *keeper, bool alone)
{
    int left = INT_MAX, before;

    if (atomic_load_explicit(&keeper->to_empty, memory_order_relaxed))
        empty(keeper);
    if (!is_at_least(keeper, limit_of(keeper)) ||
        atomic_load_explicit(&keeper->almost, memory_order_relaxed) ||
        atomic_flag_test_and_set(&keeper->busy))
        return;
    /* Others go on committing, so each round has less to copy than the one before. The last few
     * pages are for the next leader; when there are none, the next writer begins the log anew. */
    do {
        before = left;
        left = write_back(keeper, alone);
    } while (left > FEW_PAGES && left < before);
    atomic_store_explicit(&keeper->almost, left > 0, memory_order_relaxed);
    atomic_flag_clear(&keeper->busy);
}

static void copy_rest(struct log_keeper *keeper)
{
    bool done = write_back(keeper, false) == 0;

    /* A reader who holds on to an old snapshot keeps the log from beginning anew: it is tried again
     * when there is something worth copying. */
    store(&keeper->put_off, done ? 0 : load_relaxed(&keeper->pages) + SHORT_LOG);
    atomic_store_explicit(&keeper->almost, false, memory_order_relaxed);
}

bool log_keeper_is_behind(const struct log_keeper *keeper)
{
    return is_at_least(keeper, LONGEST_LOG) ||
           atomic_load_explicit(&keeper->almost, memory_order_relaxed);
}

void log_keeper_catch_up(struct log_keeper *keeper)
{
    const struct timespec moment = {.tv_nsec = 1000000};

    while (atomic_flag_test_and_set(&keeper->busy)) {
        if (!is_at_least(keeper, LONGEST_LOG))
            return;
        nanosleep(&moment, NULL); /* until the one who writes it back is done */
    }
    copy_rest(keeper);
    atomic_flag_clear(&keeper->busy);
}
