/* SPDX-License-Identifier: MIT */
/*
 * The files of a store, changed in any way: an input is a list of changes to a sound store, so that
 * a few bytes reach any place in it. Its first byte says whether the store has a log. A change is
 * a byte for what is done, with a file, and numbers of three bytes each:
 *
 *     write  AT, a length and so many bytes
 *     copy   FROM, TO and a length of two bytes: also whole pages
 *     fill   AT, a byte and a length of two bytes
 *     cut    the file ends at AT
 *     grow   the file goes on up to AT, with zeros
 *
 * Whoever writes the file can make a store of his own, whose answers are its own. What he cannot
 * is have a secret open a key that is not its own; see damage/trial.h for what else is wrong.
 */
#include "damage/trial.h"
#include "fuzz/input.h"
#include "fuzz/require.h"
#include "fuzz/target.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX ((size_t)1 << 19)
#define CHANGES_MAX 64

static size_t outcomes[OUTCOMES];
static struct scene scenes[2]; /* without a log, and with one */
static struct place place;

static void leave(void)
{
    place_close(&place);
    scene_free(&scenes[0]);
    scene_free(&scenes[1]);
}

static void begin(void)
{
    if (scenes[0].states > 0)
        return;
    scene_make(&scenes[0], SCENE_CLOSED);
    scene_make(&scenes[1], SCENE_HOT);
    place_open(&place, 5);
    place.fixture.now += INT64_C(5) * 3600000;
    REQUIRE(atexit(leave) == 0);
}

/* ---- the input ---- */

static size_t take_number(struct input *input, int bytes)
{
    size_t number = 0;

    for (int i = 0; i < bytes; i++)
        number = number << 8 | input_byte(input);
    return number;
}

static size_t take_place(struct input *input)
{
    return take_number(input, 3) % FILE_MAX;
}

static size_t room_at(const struct bytes *file, size_t at, size_t length)
{
    size_t room = at < file->length ? file->length - at : 0;

    return length < room ? length : room;
}

static void change_file(struct bytes *file, struct input *input, size_t what)
{
    size_t at = take_place(input), from, length;
    const uint8_t *bytes;

    switch (what) {
    case 0:
        bytes = input_bytes(input, 255, &length);
        if (length > 0)
            memcpy(file->at + at, bytes, room_at(file, at, length));
        break;
    case 1:
        from = take_place(input);
        length = take_number(input, 2) % 8192;
        length = room_at(file, at, room_at(file, from, length));
        memmove(file->at + at, file->at + from, length);
        break;
    case 2:
        from = input_byte(input);
        memset(file->at + at, (int)from, room_at(file, at, take_number(input, 2)));
        break;
    case 3:
        if (at < file->length)
            file->length = at;
        break;
    default:
        if (at > file->length)
            file->length = at;
    }
}

static struct bytes copy_of(const struct bytes *bytes)
{
    struct bytes copy = {calloc(1, FILE_MAX), bytes->length};

    REQUIRE(copy.at != NULL && bytes->length <= FILE_MAX);
    if (bytes->length > 0)
        memcpy(copy.at, bytes->at, bytes->length);
    return copy;
}

/* ---- the fuzzer ---- */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    struct trial trial = {.place = &place, .pages_moved = true, .hostile = true};
    struct image image;

    begin();
    trial.scene = &scenes[input_pick(&input, 2)];
    image = (struct image){copy_of(&trial.scene->image.database), copy_of(&trial.scene->image.log)};
    for (int i = 0; i < CHANGES_MAX && input.left > 0; i++) {
        struct bytes *file = input_pick(&input, 2) == 0 ? &image.database : &image.log;
        change_file(file, &input, input_pick(&input, 5));
    }
    place_put(&place, &image);
    free(image.database.at);
    free(image.log.at);
    trial_run(&trial);
    if (trial.wrong[0] != '\0')
        fprintf(stderr, "%s\n", trial.wrong);
    REQUIRE(trial.wrong[0] == '\0');
    outcomes[trial.outcome]++;
    return 0;
}

bool fuzz_account(void)
{
    printf("%zu refused, %zu found by the check, %zu sound\n", outcomes[OUTCOME_REFUSED],
           outcomes[OUTCOME_FOUND], outcomes[OUTCOME_SOUND]);
    return outcomes[OUTCOME_REFUSED] > 0 && outcomes[OUTCOME_FOUND] > 0 &&
           outcomes[OUTCOME_SOUND] > 0;
}
