/* SPDX-License-Identifier: MIT */
/*
 * Whether the time of an authentication tells what is wrong with a pair, by the way of dudect: two
 * kinds of pairs come in an order drawn by chance, and Welch's t-test says whether their times are
 * of one distribution. Two kinds are apart when that is beyond doubt, and their means are 8 %
 * apart.
 *
 *     timing_refusals [ATTEMPTS]        of each kind in each comparison
 *
 * A comparison that stops at the first difference is measured as well, and must be found.
 */
#include "secrets/attempts.h"

#include <math.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define KEYS 9600
#define LIMIT 10.0 /* of |t|, as dudect has it for a leak beyond doubt */
#define WORTH 0.08 /* of the mean: the refusals are not equal to the cycle, and do not claim it */
#define COMPARED 4096 /* bytes */

static size_t attempts; /* of each kind */

/* Mean and variance as they come (Welford). */
struct sample {
    double count, mean, squares;
};

static void add(struct sample *sample, double value)
{
    double before = value - sample->mean;

    sample->count++;
    sample->mean += before / sample->count;
    sample->squares += before * (value - sample->mean);
}

static double welch(const struct sample samples[2])
{
    double variance = 0;

    for (int i = 0; i < 2; i++)
        variance += samples[i].squares / (samples[i].count - 1) / samples[i].count;
    return (samples[0].mean - samples[1].mean) / sqrt(variance);
}

static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC_RAW, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

/* What is measured: `prepare` is not. */
struct subject {
    void (*prepare)(void *context, int kind);
    void (*run)(void *context, int kind);
    void *context;
};

/* One attempt of the kind. */
static double time_one(const struct subject *subject, int kind)
{
    double began;

    subject->prepare(subject->context, kind);
    began = now();
    subject->run(subject->context, kind);
    return now() - began;
}

/* Welch's t of both kinds. What takes three times the mean was interrupted, and is left out. */
static double measure(const struct subject *subject, struct sample samples[2])
{
    double cut = 0;

    memset(samples, 0, 2 * sizeof *samples);
    for (size_t i = 0; i < 2000; i++) {
        double took = time_one(subject, (int)(i & 1));
        cut += i < 1000 ? 0 : took / 1000 * 3;
    }
    for (size_t i = 0; i < 2 * attempts; i++) {
        int kind = (int)(randombytes_random() & 1);
        double took = time_one(subject, kind);
        if (took < cut)
            add(&samples[kind], took);
    }
    return welch(samples);
}

/* True when the two are told apart by more than is worth nothing. */
static bool are_apart(const char *name, const char *other, double t, const struct sample samples[2])
{
    double apart = samples[0].mean / samples[1].mean - 1;
    bool differ = fabs(t) > LIMIT && fabs(apart) > WORTH;

    printf("%-18s %-18s t %+7.1f  %8.0f ns %+5.1f %%%s\n", name, other, t, samples[0].mean,
           apart * 100, differ ? "  APART" : "");
    fflush(stdout);
    return differ;
}

/* ---- authentication ---- */

struct pairs {
    const struct attempts *store;
    enum attempt_kind kinds[2];
    struct attempt next;
};

static void prepare_pair(void *context, int kind)
{
    struct pairs *pairs = context;

    pairs->next = attempt_of(pairs->store, pairs->kinds[kind], randombytes_random());
}

static void try_pair(void *context, int kind)
{
    const struct pairs *pairs = context;

    attempt_run(pairs->store, pairs->kinds[kind], pairs->next);
}

static int compare_refusals(void)
{
    static const enum attempt_kind kinds[] = {
        UNKNOWN_ACCESS_KEY, WRONG_OF_DELETED,  WRONG_OF_ARCHIVED, WRONG_OF_EXPIRED,
        RIGHT_OF_DELETED,   RIGHT_OF_ARCHIVED, RIGHT_OF_EXPIRED};
    struct attempts store;
    int apart = 0;

    attempts_open(&store, KEYS);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        struct pairs pairs = {.store = &store, .kinds = {kinds[i], WRONG_OF_LIVE}};
        const struct subject subject = {prepare_pair, try_pair, &pairs};
        struct sample samples[2];
        double t = measure(&subject, samples);

        apart += are_apart(attempt_name(kinds[i]), attempt_name(WRONG_OF_LIVE), t, samples);
    }
    attempts_close(&store);
    return apart;
}

/* ---- comparing: with what is wrong in its first byte, and with what is equal ---- */

struct texts {
    unsigned char secret[COMPARED], presented[2][COMPARED];
    int (*compare)(const void *a, const void *b, size_t length);
};

static void prepare_texts(void *context, int kind)
{
    struct texts *texts = context;

    randombytes_buf(texts->secret, COMPARED);
    memcpy(texts->presented[kind], texts->secret, COMPARED);
    texts->presented[0][0] ^= 1;
}

static void compare_texts(void *context, int kind)
{
    const struct texts *texts = context;
    volatile int answer = texts->compare(texts->secret, texts->presented[kind], COMPARED);

    (void)answer;
}

static int compare_early(const void *a, const void *b, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (((const unsigned char *)a)[i] != ((const unsigned char *)b)[i])
            return -1;
    }
    return 0;
}

static bool are_texts_apart(const char *name, int (*how)(const void *, const void *, size_t))
{
    static struct texts texts;
    const struct subject subject = {prepare_texts, compare_texts, &texts};
    struct sample samples[2];
    double t;

    texts.compare = how;
    t = measure(&subject, samples);
    return are_apart(name, "equal", t, samples);
}

START_TEST(timing)
{
    int apart = compare_refusals() + are_texts_apart("wrong first byte", sodium_memcmp);
    bool found = are_texts_apart("the planted leak", compare_early);

    printf("timing: %d kinds are told apart, the planted leak is %s; %zu attempts of each\n", apart,
           found ? "found" : "NOT FOUND", attempts);
    ck_assert_int_eq(apart, 0);
    ck_assert(found);
}
END_TEST

int main(int count, char **arguments)
{
    Suite *suite = suite_create("timing");
    TCase *tests = tcase_create("timing");

    attempts = count > 1 ? strtoul(arguments[1], NULL, 10) : 200000;
    tcase_add_test(tests, timing);
    tcase_set_timeout(tests, 0);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
