/* SPDX-License-Identifier: MIT */
#include "resolve.h"

#include "failure.h"
#include "memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TAIL_LEAST 8 /* letters at the end of an id that may stand for it */
#define NAMED 5      /* candidates that a failure names */

enum keyward_status keys_each(struct session *session, const char *repo_id,
                              enum keyward_include include, int64_t limit,
                              enum keyward_status (*visit)(void *context, const keyward_key *key),
                              void *context)
{
    char before[KEYWARD_KEY_ID_LENGTH + 1] = "";
    enum keyward_status status = KEYWARD_OK;
    bool more = true;

    for (int64_t left = limit > 0 ? limit : INT64_MAX; more && left > 0 && status == KEYWARD_OK;) {
        keyward_key_query query = {.include = include,
                                   .before_key_id = *before ? before : NULL,
                                   .limit = left < KEYWARD_PAGE_MAX ? (int)left : KEYWARD_PAGE_MAX};
        keyward_key_list *page = NULL;

        status = checked(session->store, keyward_list_keys(session->store, &session->actor, repo_id,
                                                           &query, &page));
        for (size_t i = 0; status == KEYWARD_OK && i < page->count; i++)
            status = visit(context, page->keys[i]);
        more = status == KEYWARD_OK && page->more && page->count > 0;
        if (more)
            snprintf(before, sizeof before, "%s", page->keys[page->count - 1]->id);
        left -= page ? (int64_t)page->count : 0;
        keyward_key_list_free(&page);
    }
    return status;
}

bool is_key_id(const char *text)
{
    if (strlen(text) != KEYWARD_KEY_ID_LENGTH)
        return false;
    for (int i = 0; i < KEYWARD_KEY_ID_LENGTH; i++) {
        bool is_hyphen = i == 8 || i == 13 || i == 18 || i == 23;
        if (is_hyphen ? text[i] != '-' : !strchr("0123456789abcdef", text[i]))
            return false;
    }
    return true;
}

struct search {
    const char *text;
    size_t found;       /* by name or access key */
    size_t found_tails; /* by the end of the id */
    char id[KEYWARD_KEY_ID_LENGTH + 1], tail_id[KEYWARD_KEY_ID_LENGTH + 1];
    char *candidates, *tail_candidates;
};

static void add_candidate(char **candidates, size_t count, const keyward_key *key)
{
    char *before = *candidates;

    if (count > NAMED)
        return;
    *candidates = count == NAMED ? format_text("%s, ...", before)
                                 : format_text("%s%s%s%s", before ? before : "", before ? ", " : "",
                                               key->id, key->successor_id ? " (rotated)" : "");
    free(before);
}

static bool has_tail(const char *id, const char *text)
{
    size_t length = strlen(text);

    return length >= TAIL_LEAST && length < KEYWARD_KEY_ID_LENGTH &&
           strcmp(id + KEYWARD_KEY_ID_LENGTH - length, text) == 0;
}

static enum keyward_status compare(void *context, const keyward_key *key)
{
    struct search *search = context;

    if (strcmp(key->name, search->text) == 0 || strcmp(key->access_key, search->text) == 0) {
        add_candidate(&search->candidates, search->found++, key);
        strcpy(search->id, key->id);
    } else if (has_tail(key->id, search->text)) {
        add_candidate(&search->tail_candidates, search->found_tails++, key);
        strcpy(search->tail_id, key->id);
    }
    return KEYWARD_OK;
}

static enum keyward_status ambiguous(const char *text, const char *candidates)
{
    return fail(KEYWARD_INVALID, "'%s' may be any of %s", text, candidates);
}

static enum keyward_status conclude(const struct search *search, char id[KEYWARD_ID_MAX + 1])
{
    if (search->found > 1)
        return ambiguous(search->text, search->candidates);
    if (search->found == 0 && search->found_tails > 1)
        return ambiguous(search->text, search->tail_candidates);
    if (search->found == 1)
        strcpy(id, search->id);
    else if (search->found_tails == 1)
        strcpy(id, search->tail_id);
    return KEYWARD_OK;
}

/* As keys_each, but that the actor may not look is no failure: it is the library's to say. */
static enum keyward_status look_through(struct session *session, const char *repo_id,
                                        enum keyward_include include, struct search *search)
{
    keyward_key_list *first = NULL;
    keyward_key_query query = {.include = include, .limit = 1};
    enum keyward_status status =
        keyward_list_keys(session->store, &session->actor, repo_id, &query, &first);

    keyward_key_list_free(&first);
    if (status == KEYWARD_FORBIDDEN)
        return KEYWARD_OK;
    if (status != KEYWARD_OK)
        return checked(session->store, status);
    return keys_each(session, repo_id, include, 0, compare, search);
}

enum keyward_status resolve_key(struct session *session, const char *repo_id, const char *text,
                                enum keyward_include include, char id[KEYWARD_ID_MAX + 1])
{
    struct search search = {.text = text};
    enum keyward_status status = KEYWARD_OK;

    /* Tables put this before the end of an id. */
    if (strncmp(text, "…", strlen("…")) == 0)
        search.text = text + strlen("…");
    if (strlen(text) > KEYWARD_ID_MAX)
        return fail(KEYWARD_INVALID, "a key is named by %d bytes at most", KEYWARD_ID_MAX);
    strcpy(id, text);
    if (is_key_id(text))
        return KEYWARD_OK;
    if (include == KEYWARD_LIVE_AND_DELETED) { /* live ones first: their names are in use */
        status = look_through(session, repo_id, KEYWARD_LIVE, &search);
        include = KEYWARD_DELETED;
    }
    if (status == KEYWARD_OK && search.found + search.found_tails == 0)
        status = look_through(session, repo_id, include, &search);
    if (status == KEYWARD_OK)
        status = conclude(&search, id);
    free(search.candidates);
    free(search.tail_candidates);
    return status;
}
