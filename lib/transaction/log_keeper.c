/* SPDX-License-Identifier: MIT */
#include "transaction/log_keeper.h"
#include "connection/log.h"

#define LONG_LOG \
    4000 /* pages, 16 MiB: the more are written back at once, the fewer are written twice */

void log_keeper_init(struct log_keeper *keeper, const struct connection_options *options)
{
    keeper->options = options;
    keeper->connection = NULL;
    error_reset(&keeper->unheard);
    atomic_flag_clear(&keeper->busy);
    atomic_init(&keeper->pages, 0);
    atomic_init(&keeper->due, LONG_LOG);
    atomic_init(&keeper->almost, false);
}

void log_keeper_release(struct log_keeper *keeper, void (*close)(struct connection **connection))
{
    close(&keeper->connection);
}

void log_keeper_note(struct log_keeper *keeper, int pages)
{
    atomic_store_explicit(&keeper->pages, pages, memory_order_relaxed);
}

static bool write_back(struct log_keeper *keeper)
{
    if (!keeper->connection) {
        if (connection_open(&keeper->connection, keeper->options, false, &keeper->unheard) !=
            KEYWARD_OK)
            return false;
        connection_accept_file(keeper->connection);
        connection_set_busy_timeout(keeper->connection, 0);
    }
    return log_write_back(keeper->connection);
}

void log_keeper_work(struct log_keeper *keeper)
{
    if (atomic_load_explicit(&keeper->pages, memory_order_relaxed) <
            atomic_load_explicit(&keeper->due, memory_order_relaxed) ||
        atomic_load_explicit(&keeper->almost, memory_order_relaxed) ||
        atomic_flag_test_and_set(&keeper->busy))
        return;
    write_back(keeper);
    atomic_store_explicit(&keeper->almost, true, memory_order_relaxed);
    atomic_flag_clear(&keeper->busy);
}

void log_keeper_catch_up(struct log_keeper *keeper)
{
    if (!atomic_load_explicit(&keeper->almost, memory_order_relaxed) ||
        atomic_flag_test_and_set(&keeper->busy))
        return;
    /* A reader who holds on to an old snapshot keeps the log from beginning anew: it is tried again
     * when there is something worth copying. */
    int due = write_back(keeper)
                  ? LONG_LOG
                  : atomic_load_explicit(&keeper->pages, memory_order_relaxed) + LONG_LOG / 4;
    atomic_store_explicit(&keeper->due, due, memory_order_relaxed);
    atomic_store_explicit(&keeper->almost, false, memory_order_relaxed);
    atomic_flag_clear(&keeper->busy);
}
