/* SPDX-License-Identifier: MIT */
/* What a store signs and proves, and what is verified without one: a proof that is handed out must
 * hold. */
#include "fuzz/draw.h"

#include "support/log.h"

#include <stdlib.h>
#include <string.h>

/* ---- the log's key ---- */

static const struct {
    const char *name;
    bool is_good;
} origins[] = {
    {"log.example/fuzz", true}, {"other.example", true}, {NULL, true},    {"", false},
    {"a space", false},         {"a+b", false},          {"\x01", false}, {"\xff", false},
};
#define ORIGINS (sizeof origins / sizeof *origins)

static void call_audit_log_key(struct run *run)
{
    struct world *world = run->world;
    struct model *model = &world->model;
    keyward *store = draw_store(run);
    const keyward_actor *actor = draw_actor(run);
    uint8_t byte = input_byte(&run->input);
    size_t number = byte < 160 ? 0 : byte % ORIGINS;
    const char *origin = origins[number].name;
    keyward_text *text = NULL, **out = draw_seldom(run) ? NULL : &text;
    enum keyward_status wanted = KEYWARD_OK;

    if (!store || !is_actor(actor) || !out || !origins[number].is_good)
        wanted = KEYWARD_INVALID;
    else if (!actor->is_host)
        wanted = KEYWARD_FORBIDDEN;
    else if (model->origin[0] == '\0' && !origin)
        wanted = KEYWARD_NOT_FOUND;
    else if (model->origin[0] != '\0' && origin && strcmp(origin, model->origin) != 0)
        wanted = KEYWARD_EXISTS;
    else if (model->origin[0] == '\0')
        strcpy(model->origin, origin);
    settle(run, store, keyward_audit_log_key(store, actor, origin, out), wanted);
    REQUIRE((wanted == KEYWARD_OK) == (text != NULL));
    if (text) {
        REQUIRE(strncmp(text->text, model->origin, strlen(model->origin)) == 0);
        REQUIRE(!world->log_key || strcmp(world->log_key, text->text) == 0);
        if (!world->log_key)
            world->log_key = strcpy(run_piece(run, text->length + 1), text->text);
    }
    keyward_text_free(&text);
}

/* Whom to trust: this world's log, and a witness or two. */
static keyward_trust trust_log(const struct world *world, const char *const *witnesses,
                               size_t count)
{
    return (keyward_trust){.log_key = world->log_key,
                           .witness_keys = witnesses,
                           .witness_count = count,
                           .witnesses_needed = 0};
}

/* ---- checkpoints ---- */

static void keep_checkpoint(struct run *run, const keyward_text *text)
{
    struct world *world = run->world;
    int64_t size = world->model.event_count;
    int number = world->checkpoint_count % WORLD_CHECKPOINTS;

    world->model.has_checkpoint[size] = true;
    world->checkpoints[number] = (struct kept_checkpoint){
        .text = strcpy(run_piece(run, text->length + 1), text->text), .size = size};
    world->checkpoint_count++;
}

static const struct kept_checkpoint *draw_checkpoint(struct run *run)
{
    const struct world *world = run->world;
    int count =
        world->checkpoint_count < WORLD_CHECKPOINTS ? world->checkpoint_count : WORLD_CHECKPOINTS;

    return count > 0 ? &world->checkpoints[input_pick(&run->input, (size_t)count)] : NULL;
}

static void call_audit_checkpoint(struct run *run)
{
    const struct model *model = &run->world->model;
    keyward *store = draw_store(run);
    const keyward_actor *actor = draw_actor(run);
    uint8_t byte = input_byte(&run->input);
    const struct kept_checkpoint *kept = byte < 240 && byte % 2 ? draw_checkpoint(run) : NULL;
    struct sized_text known = {.text = kept ? kept->text : NULL,
                               .length = kept ? strlen(kept->text) : byte == 255};
    keyward_text *text = NULL, **out = draw_seldom(run) ? NULL : &text;
    enum keyward_status wanted = KEYWARD_OK;

    if (byte >= 240 && byte < 255)
        known = draw_raw(run, 200);
    if (!store || !is_actor(actor) || !out || (!known.text && known.length > 0))
        wanted = KEYWARD_INVALID;
    else if (!actor->is_host)
        wanted = KEYWARD_FORBIDDEN;
    else if (model->origin[0] == '\0' || model->event_count == 0)
        wanted = KEYWARD_NOT_FOUND;
    else if (known.text && !kept)
        wanted = KEYWARD_UNPROVEN;
    settle(run, store, keyward_audit_checkpoint(store, actor, known.text, known.length, out),
           wanted);
    REQUIRE((wanted == KEYWARD_OK) == (text != NULL));
    if (text)
        keep_checkpoint(run, text);
    keyward_text_free(&text);
}

/* ---- cosignatures ---- */

/* Some signature of this witness of that second under the checkpoint. */
static const char *cosign(const struct kept_checkpoint *checkpoint, const struct signer *witness,
                          uint64_t seconds)
{
    const char *end = strstr(checkpoint->text, "\n\n");
    const char *body = compose("%.*s", (int)(end + 1 - checkpoint->text), checkpoint->text);

    return compose("%s%s", checkpoint->text, signed_line(witness, body, seconds));
}

static void call_audit_add_cosignatures(struct run *run)
{
    const struct world *world = run->world;
    keyward *store = draw_store(run);
    const keyward_actor *actor = draw_actor(run);
    const struct kept_checkpoint *kept = draw_checkpoint(run);
    struct signer witness = signer_of(4, "witness.example", 7);
    const char *keys[2] = {witness.key, witness.key};
    uint8_t byte = input_byte(&run->input);
    keyward_trust trust = trust_log(world, keys, byte == 254 ? 2 : 1); /* the same twice */
    struct sized_text raw = draw_raw(run, 200);
    enum keyward_status wanted = KEYWARD_OK, got;

    if (kept && byte < 240) {
        raw.text = cosign(kept, &witness, byte + 1U);
        raw.length = strlen(raw.text);
    }
    if (!store || !is_actor(actor) || !trust.log_key || byte >= 254)
        wanted = KEYWARD_INVALID;
    else if (!actor->is_host)
        wanted = KEYWARD_FORBIDDEN;
    else if (!kept || byte >= 240)
        wanted = KEYWARD_UNPROVEN;
    got = keyward_audit_add_cosignatures(store, actor, byte == 255 ? NULL : &trust, raw.text,
                                         raw.length);
    settle(run, store, got, wanted);
    compose_free();
}

/* ---- receipts ---- */

static void require_receipt(const struct run *run, const keyward_text *receipt, int64_t sequence,
                            int64_t size)
{
    keyward_trust trust = trust_log(run->world, NULL, 0);
    keyward_text *event = NULL;
    keyward_proven proven;

    REQUIRE(keyward_verify_receipt(receipt->text, receipt->length, &trust, NULL, 0, &proven) ==
            KEYWARD_OK);
    REQUIRE(proven.sequence == sequence && proven.size == size);
    REQUIRE(keyward_receipt_event(receipt->text, receipt->length, &event) == KEYWARD_OK);
    REQUIRE(keyward_verify_receipt(receipt->text, receipt->length, &trust, event->text,
                                   event->length, &proven) == KEYWARD_OK);
    REQUIRE(keyward_verify_receipt(receipt->text, receipt->length, &trust, event->text,
                                   event->length - 1, &proven) == KEYWARD_UNPROVEN);
    keyward_text_free(&event);
}

/* The size of the checkpoint that is meant, 0: there is none. */
static int64_t checkpoint_of(const struct model *model, int64_t size)
{
    if (size == 0)
        return model_newest_checkpoint(model);
    return size <= MODEL_EVENTS && model->has_checkpoint[size] ? size : 0;
}

static enum keyward_status wanted_of_receipt(const struct model *model, const keyward_actor *actor,
                                             int64_t sequence, int64_t size)
{
    const struct model_event *event =
        sequence <= model->event_count ? &model->events[sequence - 1] : NULL;

    if (!actor->is_host && (!event || event->repo_id[0] == '\0' ||
                            !model_allows(model, actor, event->repo_id, KEYWARD_READER)))
        return KEYWARD_FORBIDDEN;
    return event && checkpoint_of(model, size) >= sequence ? KEYWARD_OK : KEYWARD_NOT_FOUND;
}

static int64_t draw_size(struct run *run)
{
    uint8_t byte = input_byte(&run->input);
    const struct kept_checkpoint *kept = byte < 200 ? draw_checkpoint(run) : NULL;

    if (byte < 100)
        return 0;
    return kept ? kept->size : byte < 250 ? byte - 201 : input_number(&run->input);
}

static void call_audit_receipt(struct run *run)
{
    const struct model *model = &run->world->model;
    keyward *store = draw_store(run);
    const keyward_actor *actor = draw_actor(run);
    uint8_t byte = input_byte(&run->input);
    int64_t size,
        sequence = byte < 250 ? byte % (model->event_count + 2) : input_number(&run->input);
    keyward_text *receipt = NULL, **out = draw_seldom(run) ? NULL : &receipt;
    enum keyward_status wanted = KEYWARD_INVALID;

    size = draw_size(run);
    if (store && is_actor(actor) && sequence >= 1 && size >= 0 && out)
        wanted = wanted_of_receipt(model, actor, sequence, size);
    settle(run, store, keyward_audit_receipt(store, actor, sequence, size, out), wanted);
    REQUIRE((wanted == KEYWARD_OK) == (receipt != NULL));
    if (receipt)
        require_receipt(run, receipt, sequence, checkpoint_of(model, size));
    keyward_text_free(&receipt);
}

static void require_consistency(const struct run *run, const keyward_text *proof, int64_t old_size,
                                int64_t size)
{
    const struct world *world = run->world;
    keyward_trust trust = trust_log(world, NULL, 0);
    keyward_proven proven;

    for (int i = 0; i < WORLD_CHECKPOINTS; i++) {
        const struct kept_checkpoint *old = &world->checkpoints[i];
        if (!old->text)
            continue;
        REQUIRE(keyward_verify_consistency(old->text, strlen(old->text), proof->text, proof->length,
                                           &trust, &proven) ==
                (old->size == old_size ? KEYWARD_OK : KEYWARD_UNPROVEN));
        REQUIRE(old->size != old_size || (proven.old_size == old_size && proven.size == size));
    }
}

static void call_audit_consistency(struct run *run)
{
    const struct model *model = &run->world->model;
    keyward *store = draw_store(run);
    const keyward_actor *actor = draw_actor(run);
    int64_t old_size = draw_size(run), size = draw_size(run);
    keyward_text *proof = NULL, **out = draw_seldom(run) ? NULL : &proof;
    enum keyward_status wanted = KEYWARD_OK;

    if (!store || !is_actor(actor) || old_size < 0 || size < 0 || !out)
        wanted = KEYWARD_INVALID;
    else if (!actor->is_host)
        wanted = KEYWARD_FORBIDDEN;
    else if (checkpoint_of(model, size) == 0 || checkpoint_of(model, size) < old_size)
        wanted = KEYWARD_NOT_FOUND;
    settle(run, store, keyward_audit_consistency(store, actor, old_size, size, out), wanted);
    REQUIRE((wanted == KEYWARD_OK) == (proof != NULL));
    if (proof)
        require_consistency(run, proof, old_size, checkpoint_of(model, size));
    keyward_text_free(&proof);
}

/* ---- publishing ---- */

struct folder {
    int files;
    bool has_checkpoint; /* which must come last */
    int stops_after;
};

static int take_file(void *context, const char *path, const void *bytes, size_t length)
{
    struct folder *folder = context;

    REQUIRE(!folder->has_checkpoint && bytes && length > 0);
    REQUIRE(strncmp(path, "tile/", 5) == 0 || strcmp(path, "checkpoint") == 0);
    folder->has_checkpoint = strcmp(path, "checkpoint") == 0;
    return ++folder->files == folder->stops_after;
}

static void call_audit_publish(struct run *run)
{
    const struct model *model = &run->world->model;
    keyward *store = draw_store(run);
    const keyward_actor *actor = draw_actor(run);
    struct folder folder = {.stops_after = draw_seldom(run) ? 1 : 0};
    keyward_publication publication = {.published_size = draw_size(run),
                                       .checkpoint_size = draw_size(run),
                                       .write = draw_seldom(run) ? NULL : take_file,
                                       .write_context = &folder};
    int64_t size;
    enum keyward_status wanted = KEYWARD_OK;

    if (!store || !is_actor(actor) || !publication.write || publication.published_size < 0 ||
        publication.checkpoint_size < 0) {
        wanted = KEYWARD_INVALID;
    } else if (!actor->is_host) {
        wanted = KEYWARD_FORBIDDEN;
    } else {
        size = checkpoint_of(model, publication.checkpoint_size);
        wanted = size == 0                           ? KEYWARD_NOT_FOUND
                 : publication.published_size > size ? KEYWARD_INVALID
                 : folder.stops_after                ? KEYWARD_CANCELLED
                                                     : KEYWARD_OK;
    }
    settle(run, store, keyward_audit_publish(store, actor, &publication), wanted);
    REQUIRE(folder.has_checkpoint == (wanted == KEYWARD_OK) ||
            (wanted == KEYWARD_CANCELLED && folder.files == 1));
}

/* ---- without a store ---- */

static void call_verify(struct run *run)
{
    struct sized_text raw = draw_raw(run, 255);
    keyward_trust trust = trust_log(run->world, NULL, input_pick(&run->input, 2));
    keyward_proven proven;
    keyward_text *event = NULL;
    enum keyward_status wanted =
        trust.log_key && trust.witness_count == 0 ? KEYWARD_UNPROVEN : KEYWARD_INVALID;

    REQUIRE(keyward_verify_receipt(raw.text, raw.length, &trust, NULL, 0, &proven) == wanted);
    REQUIRE(keyward_verify_consistency(raw.text, raw.length, raw.text, raw.length, &trust,
                                       &proven) == wanted);
    REQUIRE(keyward_verify_receipt(raw.text, raw.length, NULL, NULL, 0, &proven) ==
            KEYWARD_INVALID);
    if (keyward_receipt_event(raw.text, raw.length, &event) == KEYWARD_OK)
        REQUIRE(event && strlen(event->text) == event->length);
    keyward_text_free(&event);
    REQUIRE(keyward_receipt_event(raw.text, raw.length, NULL) == KEYWARD_INVALID);
}

const struct api_call proof_calls[] = {
    {"audit_log_key", call_audit_log_key},
    {"audit_checkpoint", call_audit_checkpoint},
    {"audit_add_cosignatures", call_audit_add_cosignatures},
    {"audit_receipt", call_audit_receipt},
    {"audit_consistency", call_audit_consistency},
    {"audit_publish", call_audit_publish},
    {"verify", call_verify},
    {NULL, NULL},
};
