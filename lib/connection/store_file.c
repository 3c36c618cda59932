/* SPDX-License-Identifier: MIT */
#include "connection/store_file.h"
#include "base/deadline.h"
#include "base/file.h"
#include "base/system_error.h"
#include "connection/open_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* SQLite's file format, section 1.3: the header of 100 bytes. */
#define HEADER_SIZE 100
#define HEADER_APPLICATION_ID 68
static const char header_magic[16] = "SQLite format 3";

char *store_file_name(const char *path)
{
    const char *in_this_folder = strncmp(path, "file:", 5) == 0 ? "./" : "";
    size_t size = strlen(path) + sizeof "./";
    char *name = malloc(size);

    if (name)
        snprintf(name, size, "%s%s", in_this_folder, path);
    return name;
}

enum keyward_status store_file_failed(int number, const char *path, struct error *error)
{
    enum keyward_status status = file_status(number);
    char text[SYSTEM_ERROR_SIZE];

    if (status == KEYWARD_NO_FOLDER)
        return error_set(error, status, "the folder of '%.160s' does not exist", path);
    return error_set(error, status, "'%.160s' cannot be opened: %s", path,
                     system_error_text(number, text));
}

static enum keyward_status not_a_store(const char *path, struct error *error)
{
    return error_set(error, KEYWARD_NOT_A_STORE, "'%.160s' is not a keyward store", path);
}

/* SQLite would create the file readable for all and open it at once. mknod makes it private from
 * the start and never opens it: closing a descriptor of our own would drop the locks that another
 * store of this process has on the file (fcntl's rule). */
static int make_private_file(const char *path)
{
#ifdef __linux__
    return mknod(path, S_IFREG | S_IRUSR | S_IWUSR, 0);
#else
    int fd = open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, S_IRUSR | S_IWUSR);
    return fd < 0 ? -1 : close(fd);
#endif
}

enum keyward_status store_file_create(const char *path, struct error *error)
{
    struct stat file;

    if (stat(path, &file) == 0) {
        /* SQLite takes a file of one byte for an empty one. */
        if (S_ISREG(file.st_mode) && file.st_size != 1)
            return KEYWARD_OK;
        return not_a_store(path, error);
    }
    if (errno == EACCES)
        return error_set(error, KEYWARD_READ_ONLY, "the folder of '%.160s' cannot be searched",
                         path);
    if (make_private_file(path) == 0 || errno == EEXIST)
        return KEYWARD_OK;
    return store_file_failed(errno, path, error);
}

/* What is left of a new store whose very first transaction was cut off: a journal, and a page that
 * has not arrived. SQLite will undo it. Another program's file with a journal has its header. */
static enum keyward_status recognise_cut_off(const char *path, struct error *error)
{
    size_t size = strlen(path) + sizeof "-journal";
    char *journal = malloc(size);
    struct stat file;
    bool exists;

    if (!journal)
        return KEYWARD_NOMEM;
    snprintf(journal, size, "%s-journal", path);
    exists = stat(journal, &file) == 0;
    free(journal);
    return exists ? KEYWARD_OK : not_a_store(path, error);
}

static bool header_is_blank(const unsigned char *header)
{
    static const unsigned char blank[HEADER_SIZE];
    return memcmp(header, blank, sizeof blank) == 0;
}

static bool header_is_ours(const unsigned char *header)
{
    const unsigned char *id = header + HEADER_APPLICATION_ID;

    return memcmp(header, header_magic, sizeof header_magic) == 0 &&
           ((uint32_t)id[0] << 24 | (uint32_t)id[1] << 16 | (uint32_t)id[2] << 8 | id[3]) ==
               STORE_APPLICATION_ID;
}

enum keyward_status store_file_recognise(struct connection *connection, const char *path)
{
    unsigned char header[HEADER_SIZE] = {0};
    sqlite3_file *file = open_file_of(connection);
    sqlite3_int64 size = 0;
    int code = file ? file->pMethods->xFileSize(file, &size) : SQLITE_CANTOPEN;

    if (code != SQLITE_OK)
        return connection_failed(connection, code);
    if (sqlite3_db_readonly(connection->db, "main") == 1)
        return error_set(connection->error, KEYWARD_READ_ONLY, "'%.160s' cannot be written", path);
    if (size == 0)
        return KEYWARD_OK;
    code = size < HEADER_SIZE ? SQLITE_IOERR_SHORT_READ
                              : file->pMethods->xRead(file, header, sizeof header, 0);
    if (code == SQLITE_IOERR_SHORT_READ)
        return not_a_store(path, connection->error);
    if (code != SQLITE_OK)
        return connection_failed(connection, code);
    if (header_is_ours(header))
        return KEYWARD_OK;
    return header_is_blank(header) ? recognise_cut_off(path, connection->error)
                                   : not_a_store(path, connection->error);
}

/* In a rollback-journal transaction, so that the mark is in the file itself before a log exists. */
static enum keyward_status write_mark(struct connection *connection)
{
    char sql[64];
    int64_t id = 0, objects = 0;
    enum keyward_status status;

    snprintf(sql, sizeof sql, "PRAGMA page_size = %d", STORE_PAGE_SIZE); /* of an empty file */
    status = connection_execute(connection, sql);
    if (status == KEYWARD_OK)
        status = connection_execute(connection, "BEGIN IMMEDIATE");
    if (status != KEYWARD_OK)
        return status;
    status = connection_read_number(connection, "PRAGMA application_id", &id);
    if (status == KEYWARD_OK)
        status = connection_read_number(connection, "SELECT count(*) FROM sqlite_schema", &objects);
    if (status == KEYWARD_OK && id != STORE_APPLICATION_ID) {
        snprintf(sql, sizeof sql, "PRAGMA application_id = %d", STORE_APPLICATION_ID);
        status = objects > 0 ? error_set(connection->error, KEYWARD_NOT_A_STORE,
                                         "the file is no keyward store")
                             : connection_execute(connection, sql);
    }
    return connection_end(connection, status);
}

enum keyward_status store_file_mark(struct connection *connection, int busy_timeout_ms)
{
    struct deadline deadline = deadline_in(busy_timeout_ms);
    enum keyward_status status;
    int pauses = 0;
    int64_t id = 0;

    status = connection_read_number(connection, "PRAGMA application_id", &id);
    if (status == KEYWARD_OK && id != STORE_APPLICATION_ID)
        status = write_mark(connection);
    if (status != KEYWARD_OK)
        return status;
    /* Switching needs the file alone for a moment, and SQLite does not wait for that by itself. */
    do {
        status = connection_execute(connection, "PRAGMA journal_mode = WAL");
    } while (status == KEYWARD_BUSY && deadline_pause(&deadline, pauses++));
    return status;
}

/* Some file systems cannot flush a folder, and some folders cannot be read. */
static bool is_never_flushed(int number)
{
    return number == EINVAL || number == ENOTSUP || file_status(number) == KEYWARD_READ_ONLY;
}

enum keyward_status store_file_flush_folder(struct connection *connection)
{
    char text[SYSTEM_ERROR_SIZE];
    int number;

    if (file_flush_folder(sqlite3_db_filename(connection->db, "main"))) /* links followed */
        return KEYWARD_OK;
    number = errno;
    if (is_never_flushed(number))
        return KEYWARD_OK;
    return error_set(connection->error, file_status(number),
                     "the folder of the store cannot be flushed: %s",
                     system_error_text(number, text));
}
