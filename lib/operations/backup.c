/* SPDX-License-Identifier: MIT */
#include "operations/backup.h"
#include "connection/backup.h"
#include "connection/statement.h"

#define PAGES_AT_ONCE 256 /* pages: half a MiB between two reports of progress */

static const struct query page_count = {QUERY_BACKUP_PAGES, "PRAGMA page_count"};

static enum keyward_status report_copied(const keyward_backup_options *options, int64_t done,
                                         int64_t total)
{
    if (!options || !options->progress)
        return KEYWARD_OK;
    return options->progress(options->progress_context, done, total) == 0 ? KEYWARD_OK
                                                                          : KEYWARD_CANCELLED;
}

/* The first thing that is read: from here on the snapshot stands. */
static enum keyward_status count_pages(struct connection *connection, int64_t *pages)
{
    struct statement count = statement_begin(connection, &page_count);

    *pages = 0;
    if (statement_row(&count))
        *pages = statement_number(&count, 0);
    return statement_end(&count);
}

static enum keyward_status copy_pages(struct backup *backup, const keyward_backup_options *options,
                                      int64_t total)
{
    enum keyward_status status = KEYWARD_OK;

    while (status == KEYWARD_OK && backup->left != 0) {
        status = backup_copy(backup, PAGES_AT_ONCE);
        if (status == KEYWARD_OK)
            status = report_copied(options, total - backup->left, total);
    }
    return status;
}

enum keyward_status backup_store(struct transaction *transaction, void *request)
{
    const struct store_backup *wanted = request;
    struct backup backup;
    int64_t total;
    enum keyward_status status = count_pages(transaction->connection, &total);

    if (status == KEYWARD_OK)
        status = report_copied(wanted->options, 0, total);
    if (status != KEYWARD_OK)
        return status;
    status = backup_begin(&backup, transaction->connection, wanted->file);
    if (status == KEYWARD_OK)
        status = copy_pages(&backup, wanted->options, total);
    backup_end(&backup);
    return status;
}
