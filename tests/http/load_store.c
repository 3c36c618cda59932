/* SPDX-License-Identifier: MIT */
/* The store of load.sh, made and looked into by the library itself.
 *   make FOLDER COUNT
 *     keys.db with that many live keys, its master.key, and the list of its keys: in "keys", a line
 *     "REPOSITORY KEY 1" for each
 *   check FOLDER ACKNOWLEDGED UNANSWERED MOST [LIVE]
 *     holds the store against the request ids ("KEY/ATTEMPT", one a line) whose deletion was
 *     acknowledged, and those that were not answered, of which at most MOST may have been deleted.
 *     These are written to the file "deleted-unanswered". LIVE: how many keys must be left. */
#include <errno.h>
#include <inttypes.h>
#include <keyward/keyward.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEYS_A_REPOSITORY 100
#define REPOSITORY_SIZE 32
#define USER "loader"
#define ID_SIZE (KEYWARD_KEY_ID_LENGTH + 1)
#define REQUEST_ID_SIZE 64
#define PROBLEMS_SHOWN 10

struct key {
    char id[ID_SIZE], repository[REPOSITORY_SIZE];
    char acknowledged[REQUEST_ID_SIZE]; /* the request id; empty: not acknowledged */
    bool unanswered;
    int events; /* key.deleted */
    int64_t event;
    char event_request_id[REQUEST_ID_SIZE];
    bool event_is_users;
};

static const keyward_actor host = {.is_host = true}, user = {.user_id = USER};
static const char *folder;
static struct key *keys; /* by id */
static size_t count;
static size_t problems;

__attribute__((noreturn, format(printf, 1, 2))) static void die(const char *format, ...)
{
    va_list values;

    fputs("load_store: ", stderr);
    va_start(values, format);
    vfprintf(stderr, format, values);
    va_end(values);
    fputc('\n', stderr);
    exit(EXIT_FAILURE);
}

__attribute__((format(printf, 1, 2))) static void problem(const char *format, ...)
{
    va_list values;

    if (problems++ >= PROBLEMS_SHOWN)
        return;
    fputs("load_store: ", stderr);
    va_start(values, format);
    vfprintf(stderr, format, values);
    va_end(values);
    fputc('\n', stderr);
}

static void must(keyward *store, enum keyward_status status, const char *what)
{
    if (status != KEYWARD_OK)
        die("%s: %s", what, keyward_last_error(store)->message);
}

static FILE *open_file(const char *path, const char *mode)
{
    FILE *file = fopen(path, mode);

    if (!file)
        die("%s: %s", path, strerror(errno));
    return file;
}

static void path_of(const char *name, char path[FILENAME_MAX])
{
    if (snprintf(path, FILENAME_MAX, "%s/%s", folder, name) >= FILENAME_MAX)
        die("the path of the folder is too long");
}

static keyward *open_store(enum keyward_durability durability)
{
    char path[FILENAME_MAX], master_key[FILENAME_MAX];
    keyward_options options = KEYWARD_OPTIONS_INIT;
    keyward *store;

    path_of("keys.db", path);
    path_of("master.key", master_key);
    options.master_key_file = master_key;
    options.durability = durability;
    must(NULL, keyward_open(&store, path, &options), "open");
    return store;
}

static size_t number(const char *text)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);

    if (*text == '\0' || *end != '\0')
        die("'%s' is not a number", text);
    return value;
}

/* ---- making it ---- */

static void make_key(keyward *store, size_t i, FILE *list)
{
    char repository[REPOSITORY_SIZE], name[32];
    const keyward_new_key new_key = {.name = name, .provider = KEYWARD_OPENAI};
    keyward_secret *secret;
    keyward_key *key;

    snprintf(repository, sizeof repository, "repo-%zu", i / KEYS_A_REPOSITORY);
    snprintf(name, sizeof name, "key %zu", i);
    if (i % KEYS_A_REPOSITORY == 0)
        must(store, keyward_grant(store, &host, repository, USER, KEYWARD_WRITER), "grant");
    must(store, keyward_create_key(store, &user, repository, &new_key, &key, &secret), "create");
    fprintf(list, "%s %s 1\n", repository, key->id);
    keyward_secret_free(&secret);
    keyward_key_free(&key);
}

static void make(size_t wanted)
{
    char path[FILENAME_MAX];
    keyward *store;
    FILE *list;

    path_of("master.key", path);
    must(NULL, keyward_create_master_key_file(path), "master key");
    path_of("keys", path);
    list = open_file(path, "w");
    store = open_store(KEYWARD_SURVIVES_CRASH);
    for (size_t i = 0; i < wanted; i++)
        make_key(store, i, list);
    keyward_close(&store);
    if (fclose(list) != 0)
        die("%s: %s", path, strerror(errno));
}

/* ---- what is to be in it ---- */

static int compare(const void *left, const void *right)
{
    return strcmp(((const struct key *)left)->id, ((const struct key *)right)->id);
}

static void read_keys(void)
{
    char path[FILENAME_MAX];
    size_t capacity = 0;
    struct key key = {.events = 0};
    FILE *list;

    path_of("keys", path);
    list = open_file(path, "r");
    while (fscanf(list, "%31s %36s 1\n", key.repository, key.id) == 2) {
        if (count == capacity) {
            capacity = capacity ? capacity * 2 : 1024;
            keys = realloc(keys, capacity * sizeof *keys);
            if (!keys)
                die("no memory");
        }
        keys[count++] = key;
    }
    if (!feof(list))
        die("%s: line %zu is not understood", path, count + 1);
    fclose(list);
    qsort(keys, count, sizeof *keys, compare);
}

/* By its id or by a request id that begins with it; NULL: there is none. */
static struct key *find(const char *id)
{
    struct key wanted;

    snprintf(wanted.id, sizeof wanted.id, "%.*s", KEYWARD_KEY_ID_LENGTH, id);
    return bsearch(&wanted, keys, count, sizeof *keys, compare);
}

static void each_request(const char *path, void (*take)(struct key *key, const char *request_id))
{
    FILE *file = open_file(path, "r");
    char line[REQUEST_ID_SIZE];

    while (fgets(line, sizeof line, file)) {
        struct key *key = find(line);
        line[strcspn(line, "\n")] = '\0';
        if (key)
            take(key, line);
        else
            problem("%s: '%s' names no key of this store", path, line);
    }
    fclose(file);
}

static void take_acknowledged(struct key *key, const char *request_id)
{
    if (key->acknowledged[0] != '\0')
        problem("key %s: its deletion was acknowledged twice", key->id);
    snprintf(key->acknowledged, sizeof key->acknowledged, "%s", request_id);
}

static void take_unanswered(struct key *key, const char *request_id)
{
    (void)request_id;
    key->unanswered = true;
}

/* ---- what is in it ---- */

/* How long it took, but for the longest pause: the server was away then. */
struct times {
    int64_t first, last, pause;
};

static void take_event(const keyward_event *event, struct times *times)
{
    struct key *key = find(event->key_id);

    if (times->first == 0)
        times->first = times->last = event->at;
    if (event->at - times->last > times->pause)
        times->pause = event->at - times->last;
    times->last = event->at;
    if (!key) {
        problem("event %" PRId64 " deletes %s, which was never made", event->sequence,
                event->key_id);
        return;
    }
    key->events++;
    key->event = event->sequence;
    key->event_is_users = event->actor_id && strcmp(event->actor_id, USER) == 0;
    snprintf(key->event_request_id, sizeof key->event_request_id, "%s",
             event->request_id ? event->request_id : "");
}

static void read_events(keyward *store, struct times *times)
{
    keyward_event_query query = {
        .action = KEYWARD_KEY_DELETED, .oldest_first = true, .limit = KEYWARD_PAGE_MAX};
    keyward_event_list *events;
    bool more;

    do {
        must(store, keyward_list_events(store, &host, &query, &events), "list events");
        for (size_t i = 0; i < events->count; i++)
            take_event(events->events[i], times);
        if (events->count > 0)
            query.after_sequence = events->events[events->count - 1]->sequence;
        more = events->more;
        keyward_event_list_free(&events);
    } while (more);
}

struct counts {
    size_t acknowledged, unanswered, live;
};

static void check_key(const struct key *key, const keyward_key *row, struct counts *counts,
                      FILE *deleted_unanswered)
{
    bool is_deleted = row->deleted_at != 0, is_acknowledged = key->acknowledged[0] != '\0';

    counts->live += is_deleted ? 0 : 1;
    counts->acknowledged += is_acknowledged ? 1 : 0;
    if (is_acknowledged && !is_deleted)
        problem("key %s: its deletion was acknowledged, but it is live", key->id);
    if (key->events != (is_deleted ? 1 : 0))
        problem("key %s is %s, but has %d events of a deletion", key->id,
                is_deleted ? "deleted" : "live", key->events);
    if (!is_deleted)
        return;
    if (row->deleted_event != key->event || !key->event_is_users)
        problem("key %s: event %" PRId64 " is not that of its deletion", key->id, key->event);
    if (is_acknowledged) {
        if (strcmp(key->acknowledged, key->event_request_id) != 0)
            problem("key %s: request %s was acknowledged, but the event is that of %s", key->id,
                    key->acknowledged, key->event_request_id);
        return;
    }
    counts->unanswered++;
    fprintf(deleted_unanswered, "%s\n", key->event_request_id);
    if (!key->unanswered)
        problem("key %s is deleted, but nobody waits for that answer", key->id);
}

static void check_keys(keyward *store, struct counts *counts)
{
    char path[FILENAME_MAX];
    keyward_key *row;
    FILE *list;

    path_of("deleted-unanswered", path);
    list = open_file(path, "w");
    for (size_t i = 0; i < count; i++) {
        must(store,
             keyward_get_key(store, &host, keys[i].repository, keys[i].id, KEYWARD_LIVE_AND_DELETED,
                             &row),
             keys[i].id);
        check_key(&keys[i], row, counts, list);
        keyward_key_free(&row);
    }
    if (fclose(list) != 0)
        die("%s: %s", path, strerror(errno));
}

static void check_soundness(keyward *store)
{
    keyward_report *report;
    enum keyward_status status = keyward_check(store, NULL, &report);

    if (status == KEYWARD_CORRUPT)
        for (size_t i = 0; i < report->count; i++)
            problem("keyward_check: %s", report->findings[i]->problem);
    else
        must(store, status, "check");
    keyward_report_free(&report);
}

static void tell(const struct counts *counts, const struct times *times)
{
    size_t deleted = count - counts->live;
    int64_t took = times->last - times->first - times->pause;

    printf("%zu keys: %zu deleted, of these %zu acknowledged and %zu without an answer; %zu live; "
           "%.0f deletions a second\n",
           count, deleted, counts->acknowledged, counts->unanswered, counts->live,
           took > 0 ? (double)deleted * 1000 / (double)took : 0);
}

static int check(char *arguments[], int number_of_arguments)
{
    size_t most = number(arguments[2]);
    struct counts counts = {0};
    struct times times = {0};
    keyward *store;

    read_keys();
    each_request(arguments[0], take_acknowledged);
    each_request(arguments[1], take_unanswered);
    store = open_store(KEYWARD_SURVIVES_POWER_LOSS);
    read_events(store, &times);
    check_keys(store, &counts);
    if (counts.unanswered > most)
        problem("%zu keys are deleted without an answer: more than %zu", counts.unanswered, most);
    if (number_of_arguments > 3 && counts.live != number(arguments[3]))
        problem("%zu keys are live: not %s", counts.live, arguments[3]);
    if (problems == 0)
        check_soundness(store);
    keyward_close(&store);
    tell(&counts, &times);
    if (problems > PROBLEMS_SHOWN)
        fprintf(stderr, "load_store: and %zu more\n", problems - PROBLEMS_SHOWN);
    free(keys);
    return problems == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int number_of_arguments, char *arguments[])
{
    if (number_of_arguments > 2)
        folder = arguments[2];
    if (number_of_arguments == 4 && strcmp(arguments[1], "make") == 0) {
        make(number(arguments[3]));
        return EXIT_SUCCESS;
    }
    if (number_of_arguments >= 6 && number_of_arguments <= 7 && strcmp(arguments[1], "check") == 0)
        return check(arguments + 3, number_of_arguments - 3);
    fputs("usage: load_store make FOLDER COUNT\n"
          "       load_store check FOLDER ACKNOWLEDGED UNANSWERED MOST [LIVE]\n",
          stderr);
    return 2;
}
