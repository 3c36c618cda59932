/* SPDX-License-Identifier: MIT */
#include "fuzz/draw.h"

#include <string.h>

/* ---- what the library takes ---- */

/* RFC 3629, a letter at a time. */
static bool is_utf8(const unsigned char *at, size_t length)
{
    const unsigned char *end = at + length;

    while (at < end) {
        size_t more = *at < 0x80 ? 0 : *at < 0xE0 ? 1 : *at < 0xF0 ? 2 : 3;
        uint32_t letter = more == 0 ? *at : *at & (0x3FU >> more);
        if ((*at >= 0x80 && *at < 0xC0) || *at > 0xF7 || more >= (size_t)(end - at))
            return false;
        for (size_t i = 1; i <= more; i++) {
            if ((at[i] & 0xC0) != 0x80)
                return false;
            letter = letter << 6 | (at[i] & 0x3FU);
        }
        if ((more == 1 && letter < 0x80) || (more == 2 && letter < 0x800) ||
            (more == 3 && letter < 0x10000) || letter > 0x10FFFF ||
            (letter >= 0xD800 && letter <= 0xDFFF))
            return false;
        at += more + 1;
    }
    return true;
}

bool is_sized_text(const char *text, size_t length, size_t longest)
{
    return text && length > 0 && length <= longest && !memchr(text, '\0', length) &&
           is_utf8((const unsigned char *)text, length);
}

bool is_text(const char *text, size_t longest)
{
    return text && is_sized_text(text, strlen(text), longest);
}

bool is_optional_text(const char *text, size_t longest)
{
    return !text || is_text(text, longest);
}

bool is_id(const char *text)
{
    return is_text(text, KEYWARD_ID_MAX);
}

bool is_actor(const keyward_actor *actor)
{
    return actor && (actor->is_host ? !actor->user_id : is_id(actor->user_id)) &&
           is_optional_text(actor->request_id, KEYWARD_SHORT_TEXT_MAX) &&
           is_optional_text(actor->client_address, KEYWARD_SHORT_TEXT_MAX) &&
           is_optional_text(actor->user_agent, KEYWARD_LONG_TEXT_MAX) &&
           is_optional_text(actor->reason, KEYWARD_LONG_TEXT_MAX);
}

bool is_deadline(const struct run *run, int64_t deadline)
{
    return deadline == 0 || (deadline > run->now && deadline <= KEYWARD_TIME_MAX);
}

bool is_importable(const struct sized_text *secret)
{
    return (!secret->text && secret->length == 0) ||
           (is_sized_text(secret->text, secret->length, KEYWARD_SECRET_MAX) &&
            !secret->is_mistyped);
}

bool is_limit(int limit)
{
    return limit >= 0 && limit <= KEYWARD_PAGE_MAX;
}

/* ---- drawing ---- */

#define FIFTEEN "fifteen-letters"
#define LONGEST /* of an id: 255 bytes */                                                   \
    FIFTEEN FIFTEEN FIFTEEN FIFTEEN FIFTEEN FIFTEEN FIFTEEN FIFTEEN FIFTEEN FIFTEEN FIFTEEN \
        FIFTEEN FIFTEEN FIFTEEN FIFTEEN FIFTEEN FIFTEEN

#define POOL 4
static const char *const repos[POOL] = {"r1", "r2", "../'; DROP TABLE api_keys; --\x1b[2J\n",
                                        LONGEST};
static const char *const users[POOL] = {"anna", "will", "\xe2\x80\xaegnp\"\\\x7f%s%n", LONGEST};
static const char *const names[POOL] = {"CI", "deploy", "\x01\xf0\x9f\x94\x91 'key' \",{}\r",
                                        LONGEST};

/* A secret of the store's, which the fuzzer can learn, is no name: it would be found where no
 * secret may stand. */
struct sized_text draw_raw(struct run *run, size_t most)
{
    struct sized_text raw = {.text = NULL};
    const uint8_t *bytes = input_bytes(&run->input, most, &raw.length);
    char *copy = run_piece(run, raw.length + 1), *secret;

    memcpy(copy, bytes, raw.length);
    secret = memmem(copy, raw.length, "_sk_", 4);
    if (secret)
        memset(secret, 'x', 4);
    raw.text = copy;
    return raw;
}

/* So many letters. */
static const char *draw_row_of_letters(struct run *run, size_t length)
{
    char *text = run_piece(run, length + 1);

    return memset(text, 'x', length);
}

/* A byte below 224 is one of the pool; else it is something odd. */
static const char *draw_text(struct run *run, const char *const pool[POOL], size_t longest)
{
    uint8_t byte = input_byte(&run->input);

    if (byte < 224)
        return pool[byte < 176 ? byte % 2 : byte % POOL];
    switch (byte % 8) {
    case 0:
        return NULL;
    case 1:
        return "";
    case 2:
        return draw_row_of_letters(run, longest + 1);
    case 3:
        return draw_row_of_letters(run, longest);
    case 4:
        return "\xc0\xaf\xed\xa0\x80"; /* no UTF-8, though it is often taken for it */
    default:
        return draw_raw(run, 255).text;
    }
}

bool draw_seldom(struct run *run)
{
    return input_byte(&run->input) >= 224;
}

keyward *draw_store(struct run *run)
{
    return input_byte(&run->input) == 255 ? NULL : run->world->store;
}

const char *draw_repo(struct run *run)
{
    return draw_text(run, repos, KEYWARD_ID_MAX);
}

const char *draw_user(struct run *run)
{
    return draw_text(run, users, KEYWARD_ID_MAX);
}

const char *draw_name(struct run *run)
{
    return draw_text(run, names, KEYWARD_NAME_MAX);
}

const char *draw_long_text(struct run *run)
{
    return draw_text(run, names, KEYWARD_LONG_TEXT_MAX);
}

const keyward_actor *draw_actor(struct run *run)
{
    keyward_actor *actor = &run->actor;
    uint8_t byte = input_byte(&run->input);

    *actor = (keyward_actor){.is_host = byte < 120};
    if (byte >= 120)
        actor->user_id = byte < 200 ? users[byte % 2] : draw_user(run);
    if (byte < 248)
        return actor;
    actor->request_id = draw_name(run);
    actor->client_address = draw_name(run);
    actor->user_agent = draw_long_text(run);
    actor->reason = draw_long_text(run);
    actor->is_host = byte == 254; /* and a user besides */
    return byte == 255 ? NULL : actor;
}

struct key_name draw_key(struct run *run)
{
    const struct model *model = &run->world->model;
    uint8_t byte = input_byte(&run->input);
    struct key_name name = {.repo_id = NULL};

    if (model->key_count > 0 && byte < 240) {
        const struct model_key *key = &model->keys[byte % model->key_count];
        return (struct key_name){key->repo_id, key->id};
    }
    name.repo_id = draw_repo(run);
    name.key_id = model->key_count > 0 && byte < 248
                      ? model->keys[input_pick(&run->input, (size_t)model->key_count)].id
                      : draw_name(run);
    return name;
}

int64_t draw_deadline(struct run *run)
{
    uint8_t byte = input_byte(&run->input);

    if (byte < 128)
        return 0;
    if (byte < 240)
        return run->now + (byte % 16 - 2) * A_WHILE;
    return byte < 248 ? KEYWARD_TIME_MAX + (byte - 244) : input_number(&run->input);
}

int draw_limit(struct run *run)
{
    uint8_t byte = input_byte(&run->input);

    return byte < 240 ? byte % 8 : byte < 248 ? KEYWARD_PAGE_MAX + byte - 244 : -byte;
}

static struct sized_text draw_mistyped_secret(struct run *run)
{
    const struct model *model = &run->world->model;
    struct sized_text secret = {.text = NULL};

    for (int i = 0; i < model->key_count && !secret.text; i++) {
        const struct model_key *key = &model->keys[i];
        char *copy;
        if (!key->is_generated)
            continue;
        copy = run_piece(run, key->secret_length + 1);
        memcpy(copy, key->secret, key->secret_length);
        copy[key->secret_length - 1] = copy[key->secret_length - 1] == 'a' ? 'b' : 'a';
        secret = (struct sized_text){copy, key->secret_length, true};
    }
    return secret;
}

struct sized_text draw_secret(struct run *run)
{
    uint8_t byte = input_byte(&run->input);

    switch (byte < 128 ? 0 : byte % 8) {
    case 0:
        return (struct sized_text){.text = NULL};
    case 1:
        return (struct sized_text){.text = "the provider's own", .length = 18};
    case 2:
        return (struct sized_text){.text = "with a\0NUL", .length = 10};
    case 3:
        return (struct sized_text){draw_row_of_letters(run, KEYWARD_SECRET_MAX), KEYWARD_SECRET_MAX,
                                   false};
    case 4:
        return (struct sized_text){draw_row_of_letters(run, KEYWARD_SECRET_MAX + 1),
                                   KEYWARD_SECRET_MAX + 1, false};
    case 5:
        return (struct sized_text){.text = NULL, .length = byte % 2U};
    case 6:
        return draw_mistyped_secret(run);
    default:
        return draw_raw(run, 255);
    }
}
