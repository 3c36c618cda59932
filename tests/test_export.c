/* SPDX-License-Identifier: MIT */
/* Export: what an event looks like as JSON and as CSV, to the byte; and which events are written,
 * to whom. */
#include "operations/event_text.h"
#include "support/fixture.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define START INT64_C(1700000000000) /* where the fixture's clock stands */
#define COUNT(array) (sizeof(array) / sizeof *(array))
#define Q(...) ((keyward_event_query){__VA_ARGS__})

/* ---- one event as text ---- */

static const unsigned char hash[32] = {0x00, 0x01, 0x7F, 0x80, 0xAB, 0xFF};
#define HASH "00017f80abff0000000000000000000000000000000000000000000000000000"

static const keyward_event whole = {
    .sequence = 17,
    .at = START,
    .action = KEYWARD_KEY_RENAMED,
    .actor_id = "anna",
    .repo_id = "repo-1",
    .key_id = "key-1",
    .user_id = "zoe",
    .name = "new",
    .previous_name = "old",
    .provider = "AWS",
    .role = "reader",
    .reason = "other",
    .reason_text = "why not",
    .request_id = "req-17",
    .client_address = "192.0.2.7",
    .user_agent = "curl",
    .sealed_sha256 = hash,
    .other_key_id = "key-2",
    .expires_at = START + 5,
};
static const keyward_event bare = {.sequence = 1, .action = KEYWARD_KEY_DELETE_DENIED};

static void assert_bytes(const struct buffer *got, const char *wanted)
{
    ck_assert(!got->failed);
    ck_assert_msg(got->length == strlen(wanted) && memcmp(got->bytes, wanted, got->length) == 0,
                  "got '%.*s', wanted '%s'", (int)got->length, got->bytes, wanted);
}

static void assert_json(const keyward_event *event, const char *wanted)
{
    struct buffer json = {.bytes = NULL};

    event_add_json(&json, event);
    assert_bytes(&json, wanted);
    buffer_release(&json);
}

static void assert_csv(const keyward_event *event, const char *wanted)
{
    struct buffer csv = {.bytes = NULL};

    event_add_csv(&csv, event);
    assert_bytes(&csv, wanted);
    buffer_release(&csv);
}

START_TEST(every_member_has_its_place_in_json)
{
    assert_json(&whole, "{\"action\":\"key.renamed\",\"actor_id\":\"anna\",\"at\":1700000000000,"
                        "\"client_address\":\"192.0.2.7\",\"expires_at\":1700000000005,"
                        "\"key_id\":\"key-1\",\"name\":\"new\",\"other_key_id\":\"key-2\","
                        "\"previous_name\":\"old\",\"provider\":\"AWS\",\"reason\":\"other\","
                        "\"reason_text\":\"why not\",\"repo_id\":\"repo-1\","
                        "\"request_id\":\"req-17\",\"role\":\"reader\",\"sealed_sha256\":\"" HASH
                        "\",\"sequence\":17,\"user_agent\":\"curl\",\"user_id\":\"zoe\"}");
    assert_json(&bare, "{\"action\":\"key.delete_denied\",\"at\":0,\"sequence\":1}");
}
END_TEST

START_TEST(every_action_is_written_as_its_word)
{
    for (int action = KEYWARD_KEY_CREATED; action <= KEYWARD_DATA_KEY_CREATED; action++) {
        const keyward_event event = {.sequence = 1, .action = (enum keyward_action)action};
        char wanted[128];

        snprintf(wanted, sizeof wanted, "{\"action\":\"%s\",\"at\":0,\"sequence\":1}",
                 keyward_action_text(event.action));
        assert_json(&event, wanted);
    }
}
END_TEST

START_TEST(numbers_are_written_as_they_are)
{
    keyward_event event = {.sequence = INT64_MAX, .at = INT64_MIN, .expires_at = -1};

    event.action = KEYWARD_KEY_CREATED;
    assert_json(&event, "{\"action\":\"key.created\",\"at\":-9223372036854775808,"
                        "\"expires_at\":-1,\"sequence\":9223372036854775807}");
}
END_TEST

/* RFC 8785, section 3.2.2.2, which is ECMAScript's JSON.stringify(). */
static const struct {
    const char *text, *json;
} escapes[] = {
    {"", ""},
    {"plain", "plain"},
    {"\"", "\\\""},
    {"\\", "\\\\"},
    {"/", "/"},
    {"a\"b\\c", "a\\\"b\\\\c"},
    {"\b\t\n\f\r", "\\b\\t\\n\\f\\r"},
    {"\x01\x02\x03\x04\x05\x06\x07", "\\u0001\\u0002\\u0003\\u0004\\u0005\\u0006\\u0007"},
    {"\x0B\x0E\x0F\x10\x11\x12\x13", "\\u000b\\u000e\\u000f\\u0010\\u0011\\u0012\\u0013"},
    {"\x14\x15\x16\x17\x18\x19\x1A", "\\u0014\\u0015\\u0016\\u0017\\u0018\\u0019\\u001a"},
    {"\x1B\x1C\x1D\x1E\x1F ", "\\u001b\\u001c\\u001d\\u001e\\u001f "},
    {"\x7F", "\x7F"},         /* DEL is no control character of JSON's */
    {"\xC2\x80", "\xC2\x80"}, /* U+0080 */
    {"\xE2\x80\xA8\xE2\x80\xA9", "\xE2\x80\xA8\xE2\x80\xA9"}, /* U+2028, U+2029 */
    {"\xF0\x9F\x94\x91", "\xF0\x9F\x94\x91"},                 /* U+1F511 */
    {"\xEF\xBF\xBF", "\xEF\xBF\xBF"},
    {"<script>&amp;'`", "<script>&amp;'`"},
    {"\\u0041", "\\\\u0041"},
};

START_TEST(only_what_must_be_escaped_is)
{
    keyward_event event = bare;
    char wanted[256];

    event.name = escapes[_i].text;
    snprintf(wanted, sizeof wanted,
             "{\"action\":\"key.delete_denied\",\"at\":0,\"name\":\"%s\",\"sequence\":1}",
             escapes[_i].json);
    assert_json(&event, wanted);
}
END_TEST

#define CSV_HEADER                                                                         \
    "sequence,at,action,actor_id,repo_id,key_id,name,previous_name,user_id,role,provider," \
    "expires_at,other_key_id,reason,reason_text,request_id,client_address,user_agent,"     \
    "sealed_sha256\r\n"

START_TEST(every_member_has_its_column)
{
    struct buffer header = {.bytes = NULL};

    event_add_csv_header(&header);
    assert_bytes(&header, CSV_HEADER);
    buffer_release(&header);
    assert_csv(&whole, "17,1700000000000,key.renamed,anna,repo-1,key-1,new,old,zoe,reader,AWS,"
                       "1700000000005,key-2,other,why not,req-17,192.0.2.7,curl," HASH "\r\n");
    assert_csv(&bare, "1,0,key.delete_denied,,,,,,,,,,,,,,,,\r\n");
}
END_TEST

static const struct {
    const char *text, *csv;
} fields[] = {
    {"plain", "plain"},
    {"in between", "in between"},
    {"a,b", "\"a,b\""},
    {"\"", "\"\"\"\""},
    {"say \"no\"", "\"say \"\"no\"\"\""},
    {"\"\"", "\"\"\"\"\"\""},
    {"two\nlines", "\"two\nlines\""},
    {"two\rlines", "\"two\rlines\""},
    {"\r\n", "\"\r\n\""},
    {" before", "\" before\""},
    {"behind ", "\"behind \""},
    {" ", "\" \""},
    {"\xF0\x9F\x94\x91\t'\\", "\xF0\x9F\x94\x91\t'\\"},
};

START_TEST(fields_are_quoted_where_needed)
{
    keyward_event event = bare;
    char wanted[128];

    event.name = fields[_i].text;
    snprintf(wanted, sizeof wanted, "1,0,key.delete_denied,,,,%s,,,,,,,,,,,,\r\n", fields[_i].csv);
    assert_csv(&event, wanted);
}
END_TEST

START_TEST(the_longest_event_is_written_to_its_end)
{
    char id[KEYWARD_ID_MAX + 1], text[KEYWARD_LONG_TEXT_MAX + 1];
    keyward_event event = {.sequence = INT64_MAX, .at = INT64_MAX, .expires_at = INT64_MAX};
    struct buffer json = {.bytes = NULL}, csv = {.bytes = NULL};
    size_t escaped = 8 * (size_t)KEYWARD_ID_MAX + 2 * KEYWARD_LONG_TEXT_MAX;

    memset(id, '\x01', sizeof id - 1);
    memset(text, '"', sizeof text - 1);
    id[sizeof id - 1] = text[sizeof text - 1] = '\0';
    event.action = KEYWARD_KEY_RENAMED;
    event.actor_id = event.repo_id = event.key_id = event.user_id = event.name = id;
    event.previous_name = event.request_id = event.client_address = id;
    event.reason_text = event.user_agent = text;
    event_add_json(&json, &event);
    ck_assert(!json.failed);
    ck_assert_uint_gt(json.length, 6 * 8 * (size_t)KEYWARD_ID_MAX + 4 * KEYWARD_LONG_TEXT_MAX);
    ck_assert_mem_eq(json.bytes + json.length - 3, "1\"}", 3);
    event_add_csv(&csv, &event);
    ck_assert_uint_gt(csv.length, escaped + 2 * KEYWARD_LONG_TEXT_MAX);
    ck_assert_mem_eq(csv.bytes + csv.length - 2, "\r\n", 2);
    buffer_release(&json);
    buffer_release(&csv);
}
END_TEST

/* ---- a reader of JSON that knows nothing of the writer ---- */

/* Reads the string at `*at` into `text`; false where RFC 8259 allows no such string. */
static bool read_string(const char **at, char *text)
{
    static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
    const char *p = *at;
    unsigned code;

    if (*p++ != '"')
        return false;
    while (*p != '"') {
        if ((unsigned char)*p < 0x20)
            return false;
        if (*p != '\\') {
            *text++ = *p++;
            continue;
        }
        if (*++p == 'u') {
            if (sscanf(p + 1, "%4x", &code) != 1 || code >= 0x80)
                return false;
            *text++ = (char)code;
            p += 5;
        } else {
            const char *name = *p ? strchr(names, *p++) : NULL;
            if (!name)
                return false;
            *text++ = values[name - names];
        }
    }
    *text = '\0';
    *at = p + 1;
    return true;
}

/* The value of a member in a line that is one JSON object, members sorted, no spaces; NULL when it
 * has no such member. */
static const char *find_member(const char *line, const char *wanted)
{
    static char name[64], previous[64], value[8192], found[8192];
    bool is_found = false;

    previous[0] = '\0';
    ck_assert_int_eq(*line, '{');
    do {
        line++;
        ck_assert(read_string(&line, name));
        ck_assert_int_eq(*line++, ':');
        if (*line == '"') {
            ck_assert(read_string(&line, value));
        } else {
            size_t digits = strspn(line, "-0123456789");
            ck_assert_uint_gt(digits, 0);
            snprintf(value, sizeof value, "%.*s", (int)digits, line);
            line += digits;
        }
        ck_assert_msg(strcmp(previous, name) < 0, "%s before %s", previous, name);
        strcpy(previous, name);
        if (strcmp(name, wanted) == 0) {
            is_found = true;
            strcpy(found, value);
        }
    } while (*line == ',');
    ck_assert_str_eq(line, "}");
    return is_found ? found : NULL;
}

START_TEST(whatever_is_written_can_be_read_again)
{
    keyward_event event = whole;
    char every[160];

    for (int i = 0; i < 127; i++)
        every[i] = (char)(i + 1);
    strcpy(every + 127, "\xC3\xBC\xE2\x82\xAC\xF0\x9F\x94\x91");
    event.name = event.user_agent = event.reason_text = event.actor_id = every;
    for (int first = 0; first < 127; first++) {
        struct buffer json = {.bytes = NULL};
        event.previous_name = every + first;
        event_add_json(&json, &event);
        buffer_add(&json, "", 1);
        ck_assert_str_eq(find_member(json.bytes, "previous_name"), every + first);
        ck_assert_str_eq(find_member(json.bytes, "name"), every);
        ck_assert_str_eq(find_member(json.bytes, "sequence"), "17");
        ck_assert_ptr_null(find_member(json.bytes, "secret"));
        buffer_release(&json);
    }
}
END_TEST

/* ---- exporting ---- */

struct sink {
    struct fixture *f;
    struct buffer all;
    int calls, stop_at; /* stops at that call, counted from 1; 0: never */
    void (*meanwhile)(struct sink *sink);
    int64_t lines;
    const char *end; /* of a line */
};

static struct fixture f;
static struct sink sink;

static void reset_sink(void)
{
    memset(&sink, 0, sizeof sink);
    sink.f = &f;
    sink.end = "\n";
}

static void open_fixture(void)
{
    fixture_open(&f);
    reset_sink();
}

/* A store of which only its first data key is made, which leaves no event. */
static void open_empty(void)
{
    fixture_init(&f);
    fixture_reopen(&f);
    reset_sink();
}

static void close_fixture(void)
{
    buffer_release(&sink.all);
    fixture_close(&f);
}

static int take(void *context, const char *bytes, size_t length)
{
    struct sink *to = context;
    size_t end = strlen(to->end);

    ck_assert_uint_ge(length, end);
    ck_assert_mem_eq(bytes + length - end, to->end, end); /* whole lines */
    buffer_add(&to->all, bytes, length);
    for (size_t i = 0; i < length; i++)
        to->lines += bytes[i] == '\n';
    if (to->meanwhile)
        to->meanwhile(to);
    return ++to->calls == to->stop_at ? 7 : 0;
}

static void empty_sink(void)
{
    buffer_release(&sink.all);
    sink.calls = 0;
    sink.lines = 0;
}

static enum keyward_status export_as(const keyward_actor *actor, const keyward_event_query *query,
                                     enum keyward_export_format format)
{
    const keyward_export destination = {.format = format, .write = take, .write_context = &sink};

    empty_sink();
    sink.end = format == KEYWARD_CSV ? "\r\n" : "\n";
    return keyward_export_events(f.store, actor, query, &destination);
}

static void must_export(const keyward_event_query *query)
{
    assert_status(f.store, export_as(&host, query, KEYWARD_JSON_LINES), KEYWARD_OK);
}

/* The same events by way of the list, a page after the other. */
static void list_into(struct buffer *wanted, keyward_event_query query, int limit)
{
    keyward_event_list *page;
    bool more = true;

    while (more && limit > 0) {
        query.limit = limit < 7 ? limit : 7;
        assert_status(f.store, keyward_list_events(f.store, &host, &query, &page), KEYWARD_OK);
        for (size_t i = 0; i < page->count; i++) {
            event_add_json(wanted, page->events[i]);
            buffer_add(wanted, "\n", 1);
            *(query.oldest_first ? &query.after_sequence : &query.before_sequence) =
                page->events[i]->sequence;
        }
        limit -= (int)page->count;
        more = page->more;
        keyward_event_list_free(&page);
    }
}

static void assert_as_listed(keyward_event_query query)
{
    struct buffer wanted = {.bytes = NULL};

    list_into(&wanted, query, query.limit == 0 ? 100000 : query.limit);
    must_export(&query);
    ck_assert_uint_eq(sink.all.length, wanted.length);
    if (wanted.length > 0)
        ck_assert_mem_eq(sink.all.bytes, wanted.bytes, wanted.length);
    buffer_release(&wanted);
}

/* Events 4 to 9: one of each way of a key, with all that an actor can say. */
static keyward_key *live_a_life(void)
{
    static const keyward_actor speaker = {.user_id = "anna",
                                          .request_id = "req-17",
                                          .client_address = "192.0.2.7",
                                          .user_agent = "suite \"one\"",
                                          .reason = "because"};
    keyward_deletion deletion = {.reason = KEYWARD_REASON_ROTATED, .reason_text = "tidy,\nup"};
    keyward_key *key = make_key(&f, "repo-1", "first", NULL);

    f.now = START + 10;
    assert_status(f.store, keyward_rename_key(f.store, &speaker, "repo-1", key->id, "second"),
                  KEYWARD_OK);
    assert_status(f.store, keyward_delete_key(f.store, &speaker, "repo-1", key->id, &deletion),
                  KEYWARD_OK);
    assert_status(f.store, keyward_restore_key(f.store, &anna, "repo-1", key->id), KEYWARD_OK);
    assert_status(f.store, keyward_delete_key(f.store, &rita, "repo-1", key->id, NULL),
                  KEYWARD_FORBIDDEN);
    assert_status(f.store, keyward_revoke(f.store, &anna, "repo-1", "will"), KEYWARD_OK);
    return key;
}

/* The line of the event with this sequence, in an export of all, oldest first. */
__attribute__((format(printf, 2, 3))) static void assert_line(int sequence, const char *format, ...)
{
    const char *line = sink.all.bytes, *end = strchr(line, '\n');
    char wanted[1024];
    va_list arguments;

    for (int i = 1; i < sequence; i++) {
        line = end + 1;
        end = strchr(line, '\n');
    }
    va_start(arguments, format);
    vsnprintf(wanted, sizeof wanted, format, arguments);
    va_end(arguments);
    ck_assert_msg((size_t)(end - line) == strlen(wanted) &&
                      strncmp(line, wanted, strlen(wanted)) == 0,
                  "got '%.*s', wanted '%s'", (int)(end - line), line, wanted);
}

START_TEST(each_event_is_a_line_of_json)
{
    keyward_key *key = live_a_life();
    char *sealed = sql_text(f.path, "SELECT lower(hex(sealed_sha256)) FROM audit_events"
                                    " WHERE sequence = 4");

    must_export(&Q(.oldest_first = true));
    ck_assert_int_eq(sink.lines, 9);
    buffer_add(&sink.all, "", 1);
    assert_line(1, "{\"action\":\"access.granted\",\"at\":1700000000000,\"repo_id\":\"repo-1\","
                   "\"role\":\"admin\",\"sequence\":1,\"user_id\":\"anna\"}");
    assert_line(4,
                "{\"action\":\"key.created\",\"at\":1700000000000,\"key_id\":\"%s\","
                "\"name\":\"first\",\"provider\":\"OPENAI\",\"repo_id\":\"repo-1\","
                "\"sealed_sha256\":\"%s\",\"sequence\":4}",
                key->id, sealed);
    assert_line(5,
                "{\"action\":\"key.renamed\",\"actor_id\":\"anna\",\"at\":1700000000010,"
                "\"client_address\":\"192.0.2.7\",\"key_id\":\"%s\",\"name\":\"second\","
                "\"previous_name\":\"first\",\"reason_text\":\"because\",\"repo_id\":\"repo-1\","
                "\"request_id\":\"req-17\",\"sequence\":5,\"user_agent\":\"suite \\\"one\\\"\"}",
                key->id);
    assert_line(6,
                "{\"action\":\"key.deleted\",\"actor_id\":\"anna\",\"at\":1700000000010,"
                "\"client_address\":\"192.0.2.7\",\"key_id\":\"%s\",\"name\":\"second\","
                "\"reason\":\"rotated\",\"reason_text\":\"tidy,\\nup\",\"repo_id\":\"repo-1\","
                "\"request_id\":\"req-17\",\"sequence\":6,\"user_agent\":\"suite \\\"one\\\"\"}",
                key->id);
    assert_line(7,
                "{\"action\":\"key.restored\",\"actor_id\":\"anna\",\"at\":1700000000010,"
                "\"key_id\":\"%s\",\"name\":\"second\",\"repo_id\":\"repo-1\",\"sequence\":7}",
                key->id);
    assert_line(8,
                "{\"action\":\"key.delete_denied\",\"actor_id\":\"rita\",\"at\":1700000000010,"
                "\"key_id\":\"%s\",\"repo_id\":\"repo-1\",\"sequence\":8}",
                key->id);
    assert_line(9, "{\"action\":\"access.revoked\",\"actor_id\":\"anna\",\"at\":1700000000010,"
                   "\"repo_id\":\"repo-1\",\"role\":\"writer\",\"sequence\":9,"
                   "\"user_id\":\"will\"}");
    free(sealed);
    keyward_key_free(&key);
}
END_TEST

/* Events 4 to 9: the ways of a key that have a deadline, a successor or no key at all. */
static void live_another_life(char first[40], char second[40])
{
    const keyward_new_key new_key = {
        .name = "key", .expires_at = START + 500, .secret = "theirs", .secret_length = 6};
    const keyward_rotation rotation = {.overlap = 100};
    keyward_key *key, *successor;
    keyward_secret *secret;

    assert_status(f.store, keyward_create_key(f.store, &host, "repo-1", &new_key, &key, &secret),
                  KEYWARD_OK);
    assert_status(f.store, keyward_set_key_expiry(f.store, &will, "repo-1", key->id, 0),
                  KEYWARD_OK);
    assert_status(f.store, keyward_reveal_key(f.store, &anna, "repo-1", key->id, &secret),
                  KEYWARD_OK);
    keyward_secret_free(&secret);
    assert_status(
        f.store,
        keyward_rotate_key(f.store, &will, "repo-1", key->id, &rotation, &successor, &secret),
        KEYWARD_OK);
    keyward_secret_free(&secret);
    assert_status(f.store, keyward_create_data_key(f.store, &host), KEYWARD_OK);
    snprintf(first, 40, "%s", key->id);
    snprintf(second, 40, "%s", successor->id);
    keyward_key_free(&key);
    keyward_key_free(&successor);
}

START_TEST(deadlines_and_successors_are_in_their_lines)
{
    char first[40], second[40];
    char *sealed[2];

    live_another_life(first, second);
    sealed[0] = sql_text(f.path, "SELECT lower(hex(sealed_sha256)) FROM audit_events"
                                 " WHERE sequence = 4");
    sealed[1] = sql_text(f.path, "SELECT lower(hex(sealed_sha256)) FROM audit_events"
                                 " WHERE sequence = 8");
    must_export(&Q(.oldest_first = true));
    ck_assert_int_eq(sink.lines, 9);
    buffer_add(&sink.all, "", 1);
    assert_line(4,
                "{\"action\":\"key.imported\",\"at\":1700000000000,"
                "\"expires_at\":1700000000500,\"key_id\":\"%s\",\"name\":\"key\","
                "\"provider\":\"OTHER\",\"repo_id\":\"repo-1\",\"sealed_sha256\":\"%s\","
                "\"sequence\":4}",
                first, sealed[0]);
    assert_line(5,
                "{\"action\":\"key.expiry_set\",\"actor_id\":\"will\",\"at\":1700000000000,"
                "\"key_id\":\"%s\",\"name\":\"key\",\"repo_id\":\"repo-1\",\"sequence\":5}",
                first);
    assert_line(6,
                "{\"action\":\"key.revealed\",\"actor_id\":\"anna\",\"at\":1700000000000,"
                "\"key_id\":\"%s\",\"name\":\"key\",\"repo_id\":\"repo-1\",\"sequence\":6}",
                first);
    assert_line(7,
                "{\"action\":\"key.rotated\",\"actor_id\":\"will\",\"at\":1700000000000,"
                "\"expires_at\":1700000000100,\"key_id\":\"%s\",\"name\":\"key\","
                "\"other_key_id\":\"%s\",\"repo_id\":\"repo-1\",\"sequence\":7}",
                first, second);
    assert_line(8,
                "{\"action\":\"key.created\",\"actor_id\":\"will\",\"at\":1700000000000,"
                "\"key_id\":\"%s\",\"name\":\"key\",\"other_key_id\":\"%s\","
                "\"provider\":\"OTHER\",\"repo_id\":\"repo-1\",\"sealed_sha256\":\"%s\","
                "\"sequence\":8}",
                second, first, sealed[1]);
    assert_line(9, "{\"action\":\"store.data_key_created\",\"at\":1700000000000,"
                   "\"name\":\"2\",\"sequence\":9}");
    free(sealed[0]);
    free(sealed[1]);
}
END_TEST

START_TEST(each_event_is_a_line_of_csv_below_the_header)
{
    keyward_key *key = live_a_life();
    char wanted[2048];

    assert_status(
        f.store,
        export_as(&host, &Q(.oldest_first = true, .after_sequence = 5, .limit = 3), KEYWARD_CSV),
        KEYWARD_OK);
    buffer_add(&sink.all, "", 1);
    snprintf(wanted, sizeof wanted,
             CSV_HEADER "6,1700000000010,key.deleted,anna,repo-1,%s,second,,,,,,,rotated,"
                        "\"tidy,\nup\",req-17,192.0.2.7,\"suite \"\"one\"\"\",\r\n"
                        "7,1700000000010,key.restored,anna,repo-1,%s,second,,,,,,,,,,,,\r\n"
                        "8,1700000000010,key.delete_denied,rita,repo-1,%s,,,,,,,,,,,,,\r\n",
             key->id, key->id, key->id);
    ck_assert_str_eq(sink.all.bytes, wanted);
    keyward_key_free(&key);
}
END_TEST

START_TEST(where_there_is_no_event_only_csv_writes_its_header)
{
    const keyward_event_query none = {.repo_id = "no repository"};

    must_export(&none);
    ck_assert_int_eq(sink.calls, 0);
    assert_status(f.store, export_as(&host, &none, KEYWARD_CSV), KEYWARD_OK);
    assert_bytes(&sink.all, CSV_HEADER);
    ck_assert_int_eq(sink.calls, 1);
}
END_TEST

START_TEST(a_log_without_events_is_exported_as_nothing)
{
    ck_assert_int_eq(count_events(f.path), 0);
    must_export(NULL);
    ck_assert_int_eq(sink.calls, 0);
}
END_TEST

START_TEST(no_secret_is_ever_exported)
{
    keyward_secret *secret;
    keyward_key *key = make_key(&f, "repo-1", "key", &secret);

    must_export(NULL);
    buffer_add(&sink.all, "", 1);
    ck_assert_ptr_null(strstr(sink.all.bytes, secret->text));
    ck_assert_ptr_null(strstr(sink.all.bytes, "_sk_"));
    ck_assert_ptr_null(strstr(sink.all.bytes, key->access_key));
    keyward_secret_free(&secret);
    keyward_key_free(&key);
}
END_TEST

/* Whoever reads 32 bytes of it must find them. */
START_TEST(a_hash_that_was_cut_short_is_no_hash)
{
    keyward_key *key = make_key(&f, "repo-1", "key", NULL);
    keyward_event_list *events;

    ck_assert_int_eq(sql(f.path, "DROP TRIGGER audit_events_stay_as_written;"
                                 " PRAGMA ignore_check_constraints = ON;"
                                 " UPDATE audit_events SET sealed_sha256 = x'00' WHERE sequence ="
                                 " 4"),
                     0);
    assert_status(f.store, export_as(&host, NULL, KEYWARD_JSON_LINES), KEYWARD_CORRUPT);
    ck_assert_int_eq(sink.calls, 0);
    assert_status(f.store, keyward_list_events(f.store, &host, NULL, &events), KEYWARD_CORRUPT);
    keyward_key_free(&key);
}
END_TEST

START_TEST(a_query_names_what_is_exported)
{
    keyward_key *key = live_a_life(), *other = make_key(&f, "repo-2", "b", NULL);

    for (int oldest_first = 0; oldest_first <= 1; oldest_first++) {
        const bool up = oldest_first != 0;
        assert_as_listed(Q(.oldest_first = up));
        assert_as_listed(Q(.oldest_first = up, .repo_id = "repo-1"));
        assert_as_listed(Q(.oldest_first = up, .repo_id = "repo-2"));
        assert_as_listed(Q(.oldest_first = up, .key_id = key->id));
        assert_as_listed(Q(.oldest_first = up, .user_id = "will"));
        assert_as_listed(Q(.oldest_first = up, .action = KEYWARD_ACCESS_GRANTED));
        assert_as_listed(Q(.oldest_first = up, .from = START + 1));
        assert_as_listed(Q(.oldest_first = up, .until = START + 10));
        assert_as_listed(Q(.oldest_first = up, .after_sequence = 2, .before_sequence = 8));
        assert_as_listed(Q(.oldest_first = up, .before_sequence = 1));
        assert_as_listed(Q(.oldest_first = up, .before_sequence = INT64_MAX, .limit = 3));
        assert_as_listed(Q(.oldest_first = up, .after_sequence = INT64_MAX));
        assert_as_listed(Q(.oldest_first = up, .limit = 1, .repo_id = "repo-1"));
    }
    must_export(NULL);
    ck_assert_int_eq(sink.lines, 10);
    buffer_add(&sink.all, "", 1);
    ck_assert_ptr_nonnull(strstr(sink.all.bytes, "\"sequence\":10}\n"));
    keyward_key_free(&key);
    keyward_key_free(&other);
}
END_TEST

/* ---- many events ---- */

#define MANY 2500

static void write_many(int count)
{
    for (int i = 0; i < count; i++)
        assert_status(
            f.store,
            keyward_delete_key(f.store, &rita, i % 3 ? "repo-1" : "repo-2", "no key", NULL),
            KEYWARD_FORBIDDEN);
}

static void open_many(void)
{
    open_fixture();
    f.options.durability = KEYWARD_SURVIVES_CRASH; /* many commits: let them cost no flush */
    fixture_reopen(&f);
    write_many(MANY - 3);
}

/* So many lines, from the first event in steps of one. */
static void assert_sequences(int64_t first, int step, int64_t count)
{
    char *line;

    ck_assert_int_eq(sink.lines, count);
    buffer_add(&sink.all, "", 1);
    line = sink.all.bytes;
    for (int64_t i = 0; i < count; i++) {
        char *end = strchr(line, '\n');
        *end = '\0';
        ck_assert_int_eq(strtoll(find_member(line, "sequence"), NULL, 10), first + i * step);
        line = end + 1;
    }
}

START_TEST(all_events_are_written_in_either_order)
{
    must_export(NULL);
    assert_sequences(MANY, -1, MANY);
    must_export(&Q(.oldest_first = true));
    assert_sequences(1, 1, MANY);
    assert_as_listed(Q(.repo_id = "repo-2", .oldest_first = true));
    assert_as_listed(Q(.user_id = "rita", .repo_id = "repo-1"));
    ck_assert_int_gt(sink.calls, 2); /* neither a call for each line nor one for all */
    ck_assert_int_lt(sink.calls, 20);
}
END_TEST

START_TEST(a_limit_counts_all_that_is_written)
{
    static const int limits[] = {1, 2, 999, 1000, 1001, 2000, 2001, MANY - 1, MANY, MANY + 1};

    for (size_t i = 0; i < COUNT(limits); i++) {
        const int64_t count = limits[i] < MANY ? limits[i] : MANY;
        must_export(&Q(.limit = limits[i]));
        assert_sequences(MANY, -1, count);
        must_export(&Q(.limit = limits[i], .oldest_first = true));
        assert_sequences(1, 1, count);
    }
    must_export(&Q(.limit = 1200, .oldest_first = true, .after_sequence = 100));
    assert_sequences(101, 1, 1200);
    must_export(&Q(.limit = 1200, .before_sequence = 2001));
    assert_sequences(2000, -1, 1200);
}
END_TEST

static void append_meanwhile(struct sink *to)
{
    (void)to;
    write_many(5);
}

START_TEST(what_is_appended_during_an_export_is_not_in_it)
{
    int64_t events = MANY;

    sink.meanwhile = append_meanwhile;
    for (int oldest_first = 0; oldest_first <= 1; oldest_first++) {
        must_export(&Q(.oldest_first = oldest_first != 0));
        ck_assert_int_eq(count_events(f.path), events + 5 * sink.calls);
        assert_sequences(oldest_first ? 1 : events, oldest_first ? 1 : -1, events);
        events += 5 * sink.calls;
        must_export(&Q(.oldest_first = oldest_first != 0, .before_sequence = INT64_MAX));
        ck_assert_int_eq(sink.lines, events);
        events += 5 * sink.calls;
    }
}
END_TEST

START_TEST(an_export_stops_at_whichever_call_says_so)
{
    int calls;

    assert_status(f.store, export_as(&host, NULL, (enum keyward_export_format)_i), KEYWARD_OK);
    calls = sink.calls;
    for (int stop_at = 1; stop_at <= calls; stop_at++) {
        sink.stop_at = stop_at;
        assert_status(f.store, export_as(&host, NULL, (enum keyward_export_format)_i),
                      KEYWARD_CANCELLED);
        ck_assert_int_eq(keyward_last_error(f.store)->status, KEYWARD_CANCELLED);
        ck_assert_int_eq(sink.calls, stop_at);
    }
    sink.stop_at = calls + 1;
    assert_status(f.store, export_as(&host, NULL, (enum keyward_export_format)_i), KEYWARD_OK);
}
END_TEST

static void use_the_library(struct sink *to)
{
    keyward_event_list *events;
    keyward_stats *stats;

    ck_assert_int_eq(keyward_list_events(to->f->store, &nobody, &Q(.repo_id = "repo-1"), &events),
                     KEYWARD_FORBIDDEN);
    ck_assert_int_eq(keyward_get_stats(to->f->store, &stats), KEYWARD_OK);
    ck_assert_int_eq(stats->events, MANY);
    keyward_stats_free(&stats);
    ck_assert_int_eq(keyward_delete_key(NULL, &host, "repo-1", "x", NULL), KEYWARD_INVALID);
}

START_TEST(the_callback_may_use_the_library)
{
    sink.meanwhile = use_the_library;
    must_export(NULL);
    ck_assert_int_eq(sink.lines, MANY);
    ck_assert_int_eq(keyward_last_error(f.store)->status, KEYWARD_OK);
    sink.stop_at = 2;
    assert_status(f.store, export_as(&host, NULL, KEYWARD_CSV), KEYWARD_CANCELLED);
    ck_assert_int_eq(keyward_last_error(f.store)->status, KEYWARD_CANCELLED);
    ck_assert_str_eq(keyward_last_error(f.store)->message, keyward_status_text(KEYWARD_CANCELLED));
}
END_TEST

/* ---- who may ---- */

START_TEST(a_reader_exports_his_repository_and_no_other)
{
    static const keyward_actor *const readers[] = {&rita, &will, &anna};

    write_many(6);
    for (size_t i = 0; i < COUNT(readers); i++) {
        assert_status(f.store, export_as(readers[i], &Q(.repo_id = "repo-1"), KEYWARD_CSV),
                      KEYWARD_OK);
        ck_assert_int_eq(sink.lines, 1 + 3 + 4);
        assert_status(f.store, export_as(readers[i], &Q(.repo_id = "repo-2"), KEYWARD_CSV),
                      KEYWARD_FORBIDDEN);
        ck_assert_int_eq(sink.calls, 0);
        assert_invalid(f.store, export_as(readers[i], NULL, KEYWARD_CSV), "query.repo_id");
        ck_assert_int_eq(sink.calls, 0);
    }
    assert_status(f.store, export_as(&nobody, &Q(.repo_id = "repo-1"), KEYWARD_JSON_LINES),
                  KEYWARD_FORBIDDEN);
    assert_status(f.store, export_as(&nobody, &Q(.repo_id = "no repository"), KEYWARD_JSON_LINES),
                  KEYWARD_FORBIDDEN);
    ck_assert_int_eq(sink.calls, 0);
    ck_assert_int_eq(count_events(f.path), 9);
}
END_TEST

static void revoke_meanwhile(struct sink *to)
{
    if (to->calls == 0)
        ck_assert_int_eq(keyward_revoke(to->f->store, &host, "repo-1", "rita"), KEYWARD_OK);
}

START_TEST(who_loses_his_role_meanwhile_gets_no_further_page)
{
    sink.meanwhile = revoke_meanwhile;
    assert_status(f.store, export_as(&rita, &Q(.repo_id = "repo-1"), KEYWARD_JSON_LINES),
                  KEYWARD_FORBIDDEN);
    ck_assert_int_gt(sink.lines, 0);
    ck_assert_int_le(sink.lines, KEYWARD_PAGE_MAX);
}
END_TEST

/* ---- the suite ---- */

static void add_text(Suite *suite)
{
    TCase *tests = tcase_create("text");

    tcase_add_test(tests, every_member_has_its_place_in_json);
    tcase_add_test(tests, every_action_is_written_as_its_word);
    tcase_add_test(tests, numbers_are_written_as_they_are);
    tcase_add_loop_test(tests, only_what_must_be_escaped_is, 0, (int)COUNT(escapes));
    tcase_add_test(tests, every_member_has_its_column);
    tcase_add_loop_test(tests, fields_are_quoted_where_needed, 0, (int)COUNT(fields));
    tcase_add_test(tests, the_longest_event_is_written_to_its_end);
    tcase_add_test(tests, whatever_is_written_can_be_read_again);
    suite_add_tcase(suite, tests);
}

static void add_empty(Suite *suite)
{
    TCase *tests = suite_add_case(suite, "no events", open_empty, close_fixture);

    tcase_add_test(tests, a_log_without_events_is_exported_as_nothing);
}

static void add_few(Suite *suite)
{
    TCase *tests = suite_add_case(suite, "few events", open_fixture, close_fixture);

    tcase_add_test(tests, each_event_is_a_line_of_json);
    tcase_add_test(tests, deadlines_and_successors_are_in_their_lines);
    tcase_add_test(tests, each_event_is_a_line_of_csv_below_the_header);
    tcase_add_test(tests, where_there_is_no_event_only_csv_writes_its_header);
    tcase_add_test(tests, no_secret_is_ever_exported);
    tcase_add_test(tests, a_hash_that_was_cut_short_is_no_hash);
    tcase_add_test(tests, a_query_names_what_is_exported);
    tcase_add_test(tests, a_reader_exports_his_repository_and_no_other);
}

static void add_many(Suite *suite)
{
    TCase *tests = suite_add_case(suite, "many events", open_many, close_fixture);

    tcase_add_test(tests, all_events_are_written_in_either_order);
    tcase_add_test(tests, a_limit_counts_all_that_is_written);
    tcase_add_test(tests, what_is_appended_during_an_export_is_not_in_it);
    tcase_add_loop_test(tests, an_export_stops_at_whichever_call_says_so, 0, 2);
    tcase_add_test(tests, the_callback_may_use_the_library);
    tcase_add_test(tests, who_loses_his_role_meanwhile_gets_no_further_page);
}

int main(void)
{
    Suite *suite = suite_create("export");

    add_text(suite);
    add_empty(suite);
    add_few(suite);
    add_many(suite);
    return run_suite(suite);
}
