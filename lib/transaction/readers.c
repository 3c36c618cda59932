/* SPDX-License-Identifier: MIT */
#include "transaction/readers.h"

#include <sodium.h>
#include <stdlib.h>

bool readers_init(struct readers *readers, const struct connection_options *options)
{
    readers->options = options;
    readers->idle_count = 0;
    return pthread_mutex_init(&readers->mutex, NULL) == 0;
}

static void reader_close(struct reader *reader)
{
    if (!reader)
        return;
    connection_close(&reader->connection);
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
        reader_close(opened);
        opened = NULL;
    }
    *reader = opened;
    return status;
}

void readers_release(struct readers *readers)
{
    while (readers->idle_count > 0)
        reader_close(readers->idle[--readers->idle_count]);
    pthread_mutex_destroy(&readers->mutex);
}

enum keyward_status readers_borrow(struct readers *readers, struct reader **reader,
                                   struct error *error)
{
    *reader = NULL;
    pthread_mutex_lock(&readers->mutex);
    if (readers->idle_count > 0)
        *reader = readers->idle[--readers->idle_count];
    pthread_mutex_unlock(&readers->mutex);
    if (!*reader)
        return reader_open(readers->options, reader, error);
    (*reader)->connection->error = error;
    return KEYWARD_OK;
}

void readers_return(struct readers *readers, struct reader *reader)
{
    pthread_mutex_lock(&readers->mutex);
    if (readers->idle_count < READERS_KEPT) {
        readers->idle[readers->idle_count++] = reader;
        reader = NULL;
    }
    pthread_mutex_unlock(&readers->mutex);
    reader_close(reader);
}
