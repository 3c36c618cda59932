/* SPDX-License-Identifier: MIT */
#include "base/count.h"
#include "base/result.h"
#include "base/status.h"
#include "connection/statement.h"
#include "operations/access.h"
#include "operations/keys.h"
#include "operations/uses.h"

#include <string.h>

#define SELECT_KEYS                                                                            \
    "SELECT k.id, k.repo_id, k.access_key, k.name, k.provider, k.created_at, k.created_by,"    \
    " k.deleted_at, k.deleted_by, k.deleted_event, k.expires_at, d.key_id IS NOT NULL, "       \
    "d.predecessor_id,"                                                                        \
    " d.successor_id, d.last_used_at, d.refused_count, d.refused_first_at, d.refused_last_at," \
    " d.purged_at, d.purged_event FROM api_keys AS k"                                          \
    " LEFT JOIN key_details AS d ON d.repo_id = k.repo_id AND d.key_id = k.id"                 \
    " WHERE k.repo_id = ?1"

/* Not "archived IN (0, 1)", for which SQLite would build a table each time. */
static const struct query get_key = {QUERY_KEY_GET, SELECT_KEYS
                                     " AND k.archived = 0 AND k.id = ?2"
                                     " UNION ALL " SELECT_KEYS " AND k.archived = 1 AND k.id = ?2"};

static const struct query list_keys = {
    QUERY_KEY_LIST, SELECT_KEYS " AND k.archived = 0 AND k.id < ?2 AND k.deleted_event IS NULL"
                                " ORDER BY k.id DESC LIMIT ?3"};

/* Two ranges in order of id, which SQLite merges without sorting. */
static const struct query list_deleted_keys = {
    QUERY_KEY_LIST_DELETED,
    SELECT_KEYS " AND k.archived = 0 AND k.id < ?2 AND k.deleted_event IS NOT NULL"
                " UNION ALL " SELECT_KEYS " AND k.archived = 1 AND k.id < ?2"
                " ORDER BY k.id DESC LIMIT ?3"};

static const struct query list_all_keys = {
    QUERY_KEY_LIST_ALL,
    SELECT_KEYS " AND k.archived = 0 AND k.id < ?2 UNION ALL " SELECT_KEYS
                " AND k.archived = 1 AND k.id < ?2 ORDER BY k.id DESC LIMIT ?3"};

enum key_column {
    KEY_ID,
    KEY_REPO_ID,
    KEY_ACCESS_KEY,
    KEY_NAME,
    KEY_PROVIDER,
    KEY_CREATED_AT,
    KEY_CREATED_BY,
    KEY_DELETED_AT,
    KEY_DELETED_BY,
    KEY_DELETED_EVENT,
    KEY_EXPIRES_AT,
    KEY_HAS_DETAILS,
    KEY_PREDECESSOR_ID,
    KEY_SUCCESSOR_ID,
    KEY_LAST_USED_AT,
    KEY_REFUSED_COUNT,
    KEY_REFUSED_FIRST_AT,
    KEY_REFUSED_LAST_AT,
    KEY_PURGED_AT,
    KEY_PURGED_EVENT
};

/* Few keys have any. */
static void read_details(const struct statement *row, keyward_key *key)
{
    if (!statement_number(row, KEY_HAS_DETAILS))
        return;
    key->last_used_at = statement_number(row, KEY_LAST_USED_AT);
    key->refused_count = statement_number(row, KEY_REFUSED_COUNT);
    key->refused_first_at = statement_number(row, KEY_REFUSED_FIRST_AT);
    key->refused_last_at = statement_number(row, KEY_REFUSED_LAST_AT);
    key->purged_at = statement_number(row, KEY_PURGED_AT);
    key->purged_event = statement_number(row, KEY_PURGED_EVENT);
}

static bool read_texts(void *result, const struct statement *row, keyward_key *key)
{
    const struct {
        int column;
        const char **text;
    } texts[] = {
        {KEY_ID, &key->id},
        {KEY_REPO_ID, &key->repo_id},
        {KEY_ACCESS_KEY, &key->access_key},
        {KEY_NAME, &key->name},
        {KEY_CREATED_BY, &key->created_by},
        {KEY_DELETED_BY, &key->deleted_by},
        {KEY_PREDECESSOR_ID, &key->predecessor_id},
        {KEY_SUCCESSOR_ID, &key->successor_id},
    };

    for (size_t i = 0; i < COUNT(texts); i++)
        if (!statement_copy_text(row, texts[i].column, result, texts[i].text))
            return false;
    return true;
}

/* What this process has noted and may not have written yet goes on top of what the file says. */
static void add_noted(struct transaction *transaction, keyward_key *key)
{
    const struct use noted = uses_find(transaction->services->uses, key->access_key);

    if (noted.last_used_at > key->last_used_at)
        key->last_used_at = noted.last_used_at;
    if (noted.refused_count == 0)
        return;
    key->refused_count += noted.refused_count;
    if (key->refused_first_at == 0)
        key->refused_first_at = noted.refused_first_at;
    if (noted.refused_last_at > key->refused_last_at)
        key->refused_last_at = noted.refused_last_at;
}

static enum keyward_status read_whole_key(struct transaction *transaction, void *result,
                                          const struct statement *row, keyward_key *key)
{
    int provider = provider_value(statement_text(row, KEY_PROVIDER));

    if (provider < 0 || !statement_text(row, KEY_ACCESS_KEY))
        return KEYWARD_CORRUPT;
    key->provider = (enum keyward_provider)provider;
    key->created_at = statement_number(row, KEY_CREATED_AT);
    key->deleted_at = statement_number(row, KEY_DELETED_AT);
    key->deleted_event = statement_number(row, KEY_DELETED_EVENT);
    key->expires_at = statement_number(row, KEY_EXPIRES_AT);
    key->expired = key->expires_at != 0 &&
                   environment_now(&transaction->services->environment) >= key->expires_at;
    read_details(row, key);
    if (!read_texts(result, row, key))
        return KEYWARD_NOMEM;
    add_noted(transaction, key);
    return KEYWARD_OK;
}

static enum keyward_role role_to_see(enum keyward_include include)
{
    return include == KEYWARD_LIVE ? KEYWARD_READER : KEYWARD_ADMIN;
}

static bool is_included(const struct statement *row, enum keyward_include include)
{
    bool deleted = statement_number(row, KEY_DELETED_EVENT) != 0;
    return include == KEYWARD_LIVE_AND_DELETED || deleted == (include == KEYWARD_DELETED);
}

static enum keyward_status load_key(struct transaction *transaction, const char *repo_id,
                                    const char *key_id, enum keyward_include include, void *result,
                                    keyward_key *key)
{
    struct statement find = statement_begin(transaction->connection, &get_key);
    enum keyward_status ended, status = KEYWARD_NOT_FOUND;

    statement_bind_text(&find, repo_id);
    statement_bind_text(&find, key_id);
    if (statement_row(&find) && is_included(&find, include))
        status = read_whole_key(transaction, result, &find, key);
    ended = statement_end(&find);
    return ended == KEYWARD_OK ? status : ended;
}

enum keyward_status key_load(struct transaction *transaction, const char *repo_id,
                             const char *key_id, void *result, keyward_key *key)
{
    return load_key(transaction, repo_id, key_id, KEYWARD_LIVE_AND_DELETED, result, key);
}

enum keyward_status key_get(struct transaction *transaction, void *request)
{
    const struct key_get *get = request;
    enum keyward_status status =
        access_allows(transaction, get->actor, get->repo_id, role_to_see(get->include));

    if (status == KEYWARD_OK)
        status = load_key(transaction, get->repo_id, get->key_id, get->include, get->key, get->key);
    return status;
}

static struct statement begin_list(struct connection *connection, const struct key_list *list)
{
    static const char above_every_id[] = "~";
    static const struct query *const queries[] = {
        [KEYWARD_LIVE] = &list_keys,
        [KEYWARD_DELETED] = &list_deleted_keys,
        [KEYWARD_LIVE_AND_DELETED] = &list_all_keys,
    };
    const keyward_key_query *query = &list->query;
    struct statement rows = statement_begin(connection, queries[query->include]);

    statement_bind_text(&rows, list->repo_id);
    statement_bind_text(&rows, query->before_key_id ? query->before_key_id : above_every_id);
    statement_bind_number(&rows, query->limit + 1); /* one more tells whether there is more */
    return rows;
}

static enum keyward_status read_next_key(struct transaction *transaction, keyward_key_list *page,
                                         const keyward_key **keys, const struct statement *row)
{
    keyward_key *key = result_alloc(page, sizeof *key);

    if (!key)
        return KEYWARD_NOMEM;
    keys[page->count++] = key;
    return read_whole_key(transaction, page, row, key);
}

enum keyward_status key_list(struct transaction *transaction, void *request)
{
    struct key_list *list = request;
    keyward_key_list *page = list->keys;
    size_t limit = (size_t)list->query.limit;
    const keyward_key **keys = result_alloc(page, limit * sizeof *keys);
    struct statement rows;
    enum keyward_status ended, status = access_allows(transaction, list->actor, list->repo_id,
                                                      role_to_see(list->query.include));

    if (status == KEYWARD_OK && !keys)
        status = KEYWARD_NOMEM;
    if (status != KEYWARD_OK)
        return status;
    page->keys = keys;
    rows = begin_list(transaction->connection, list);
    while (status == KEYWARD_OK && statement_row(&rows)) {
        if (page->count == limit)
            page->more = true;
        else
            status = read_next_key(transaction, page, keys, &rows);
    }
    ended = statement_end(&rows);
    return status == KEYWARD_OK ? ended : status;
}
