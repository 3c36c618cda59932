/* SPDX-License-Identifier: MIT */
#include "connection/data_version.h"
#include "connection/open_file.h"

#include <string.h>

#define WAL_INDEX_REGION 32768    /* what SQLite maps at a time */
#define WAL_INDEX_VERSION 3007000 /* first word of the header */
#define IS_INITIALISED 3 /* the word whose first byte, isInit, is set once there is a header */

const volatile uint32_t *data_version_locate(struct connection *connection)
{
    sqlite3_file *file = open_file_of(connection);
    volatile void *region = NULL;

    if (!file || file->pMethods->iVersion < 2)
        return NULL;
    if (file->pMethods->xShmMap(file, 0, WAL_INDEX_REGION, 0, &region) != SQLITE_OK || !region)
        return NULL;
    return *(const volatile uint32_t *)region == WAL_INDEX_VERSION ? region : NULL;
}

static void copy(uint32_t *to, const volatile uint32_t *from)
{
    for (int i = 0; i < DATA_VERSION_WORDS; i++)
        to[i] = __atomic_load_n(&from[i], __ATOMIC_ACQUIRE);
}

bool data_version_read(const volatile uint32_t *header, struct data_version *version)
{
    struct data_version second;

    if (!header)
        return false;
    copy(version->words, header);
    copy(second.words, header + DATA_VERSION_WORDS);
    return version->words[0] == WAL_INDEX_VERSION &&
           *(const unsigned char *)&version->words[IS_INITIALISED] != 0 &&
           data_version_equal(version, &second);
}

bool data_version_equal(const struct data_version *a, const struct data_version *b)
{
    return memcmp(a->words, b->words, sizeof a->words) == 0;
}
