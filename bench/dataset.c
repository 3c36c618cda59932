/* SPDX-License-Identifier: MIT */
#include "dataset.h"

#include "fail.h"
#include "random.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_CREATION INT64_C(1700000000000) /* milliseconds since 1970 */

void dataset_repo(uint32_t number, char repo[DATASET_REPO_SIZE])
{
    snprintf(repo, DATASET_REPO_SIZE, "repo-%08u", number / DATASET_KEYS_A_REPO);
}

void dataset_name(uint32_t number, char name[DATASET_NAME_SIZE])
{
    snprintf(name, DATASET_NAME_SIZE, "deployment key %u", number);
}

static void put_letters(uint64_t *state, const char *prefix, size_t letters, char *text)
{
    static const char alphabet[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    size_t length = strlen(prefix);

    memcpy(text, prefix, length);
    for (size_t i = 0; i < letters; i++)
        text[length + i] = alphabet[random_below(state, sizeof alphabet - 1)];
    text[length + letters] = '\0';
}

void dataset_make_key(uint64_t seed, uint32_t number, struct bench_key *key)
{
    uint64_t state = seed * 0x10001u + number;
    uint64_t time = (uint64_t)(FIRST_CREATION + number), a = random_next(&state),
             b = random_next(&state);

    key->number = number;
    snprintf(key->id, sizeof key->id, "%08llx-%04llx-7%03llx-%04llx-%012llx",
             (unsigned long long)(time >> 16), (unsigned long long)(time & 0xffff),
             (unsigned long long)(a & 0xfff), (unsigned long long)(0x8000u | (a >> 12 & 0x3fff)),
             (unsigned long long)(b & 0xffffffffffffu));
    put_letters(&state, "kw_ak_", 28, key->access_key);
    put_letters(&state, "kw_sk_", 49, key->secret);
}

void sample_prepare(struct sample *sample, uint64_t seed, size_t total, size_t count)
{
    *sample = (struct sample){.seed = seed, .total = total, .count = count < total ? count : total};
    sample->keys = must_allocate(sample->count, sizeof *sample->keys);
}

/* The data set is cut into as many stretches as there are keys in the sample; each gives one. */
void sample_offer(struct sample *sample, const struct bench_key *key)
{
    size_t stretch = sample->total / sample->count, place = key->number / stretch;
    uint64_t state = sample->seed + place;

    if (place < sample->count && key->number % stretch == random_below(&state, stretch))
        sample->keys[place] = *key;
}

void sample_shuffle(struct sample *sample)
{
    uint64_t state = sample->seed;

    for (size_t i = sample->count; i > 1; i--) {
        size_t other = (size_t)random_below(&state, i);
        struct bench_key key = sample->keys[i - 1];
        sample->keys[i - 1] = sample->keys[other];
        sample->keys[other] = key;
    }
}

void sample_free(struct sample *sample)
{
    free(sample->keys);
    *sample = (struct sample){.keys = NULL};
}
