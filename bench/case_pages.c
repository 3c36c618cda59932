/* SPDX-License-Identifier: MIT */
/* How many pages a deletion dirties: each is written to the log, and later to the file. */
#include "cases.h"
#include "floor.h"
#include "report.h"
#include "sqlite.h"
#include "subject.h"

#include <stdio.h>

struct written {
    double pages, bytes; /* a delete */
};

/* Pages in the log; what has been copied by now is not counted the next time. */
static size_t pages_in_log(const char *path)
{
    sqlite3 *db = sqlite_open(path, SQLITE_OPEN_READWRITE);
    sqlite3_stmt *statement = sqlite_prepare(db, "PRAGMA wal_checkpoint(PASSIVE)");
    int pages = 0;

    if (sqlite_row(statement))
        pages = sqlite3_column_int(statement, 1);
    sqlite3_finalize(statement);
    sqlite_close(db);
    return pages > 0 ? (size_t)pages : 0;
}

static struct written count(const char *path, size_t deletes)
{
    struct written written = {.pages = (double)pages_in_log(path) / (double)deletes};

    written.bytes = written.pages * (double)sqlite_count(path, "PRAGMA page_size");
    return written;
}

static struct written written_by_keyward(struct fixture *files, size_t batch, size_t deletes)
{
    struct deletions deletions;
    struct subject_deletes subject = {.deletions = &deletions, .batch = batch};
    struct lane lane = {0};
    struct crew crew;
    struct written written;

    deletions_prepare(&deletions, &files->subject_sample, files->subject_sample.count);
    deletions.a_slice = deletes;
    deletions_open_slice(&deletions);
    subject.store = subject_open(files->subject_path, KEYWARD_SURVIVES_POWER_LOSS);
    pages_in_log(files->subject_path);
    crew = subject_delete_crew(&subject);
    while (crew.step(crew.context, &lane) > 0)
        ;
    written = count(files->subject_path, deletes);
    keyward_close(&subject.store);
    subject_check(files->subject_path, &deletions);
    return written;
}

static struct written written_by_hand(struct fixture *files, size_t batch, size_t deletes)
{
    struct floor *floor = floor_open(files->floor_path, batch);
    struct written written;

    pages_in_log(files->floor_path);
    for (size_t i = 0; i < deletes; i += batch)
        floor_delete(floor, &files->floor_sample.keys[i], batch);
    written = count(files->floor_path, deletes);
    floor_close(&floor);
    return written;
}

static void measure(const struct fixture *fixture, size_t batch, size_t deletes)
{
    struct result result = {.per_second = 0};
    struct fixture copy;
    struct written own, floor;

    fixture_copy(fixture, &copy);
    own = written_by_keyward(&copy, batch, deletes);
    floor = written_by_hand(&copy, batch, deletes);
    fixture_remove_files(&copy);
    snprintf(result.name, sizeof result.name, "pages/batch=%zu", batch);
    result.pages_a_delete = own.pages;
    result.bytes_a_delete = own.bytes;
    result.floor_pages_a_delete = floor.pages;
    result.floor_bytes_a_delete = floor.bytes;
    report_add(&result);
}

void cases_pages(const struct fixture *fixture)
{
    report_heading("pages that a delete dirties",
                   "counted in the log after deletes in batches of N");
    measure(fixture, 1, 256); /* a log that SQLite's own checkpoint does not yet begin anew */
    measure(fixture, 64, 512);
    measure(fixture, 1024, 1024);
}
