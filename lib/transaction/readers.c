/* SPDX-License-Identifier: MIT */
#include "transaction/readers.h"

#include <sodium.h>
#include <stdlib.h>

void readers_init(struct readers *readers, const struct connection_options *options)
{
    readers->options = options;
    for (size_t i = 0; i < READERS_KEPT; i++)
        atomic_init(&readers->slots[i].idle, NULL);
}

static void reader_close(struct reader *reader, void (*close)(struct connection **connection))
{
    if (!reader)
        return;
    close(&reader->connection);
    sodium_free(reader->guarded);
    free(reader);
}

static enum keyward_status reader_open(const struct connection_options *options,
                                       struct reader **reader, struct error *error)
{
    enum keyward_status status = KEYWARD_NOMEM;
    struct reader *opened = calloc(1, sizeof *opened);

    if (opened)
        opened->guarded = sodium_malloc(KEYWARD_SECRET_MAX);
    if (opened && opened->guarded)
        status = connection_open(&opened->connection, options, false, error);
    if (status == KEYWARD_OK) {
        connection_accept_file(opened->connection);
    } else {
        reader_close(opened, connection_close);
        opened = NULL;
    }
    *reader = opened;
    return status;
}

void readers_release(struct readers *readers, void (*close)(struct connection **connection))
{
    for (size_t i = 0; i < READERS_KEPT; i++)
        reader_close(atomic_exchange(&readers->slots[i].idle, NULL), close);
}

/* Where a thread begins to look: seldom where another does. */
static size_t first_slot(const struct error *error)
{
    return error_place(error) % READERS_KEPT;
}

enum keyward_status readers_borrow(struct readers *readers, struct reader **reader,
                                   struct error *error)
{
    size_t first = first_slot(error);

    *reader = NULL;
    for (size_t i = 0; i < READERS_KEPT && !*reader; i++) {
        _Atomic(struct reader *) *idle = &readers->slots[(first + i) % READERS_KEPT].idle;
        if (atomic_load_explicit(idle, memory_order_relaxed))
            *reader = atomic_exchange(idle, NULL);
    }
    if (!*reader)
        return reader_open(readers->options, reader, error);
    (*reader)->connection->error = error;
    return KEYWARD_OK;
}

void readers_return(struct readers *readers, struct reader *reader)
{
    size_t first = first_slot(reader->connection->error);

    for (size_t i = 0; i < READERS_KEPT; i++) {
        struct reader *none = NULL;
        if (atomic_compare_exchange_strong(&readers->slots[(first + i) % READERS_KEPT].idle, &none,
                                           reader))
            return;
    }
    reader_close(reader, connection_close);
}
