/* SPDX-License-Identifier: MIT */
/*
 * The public API as a sequence of calls on two stores, with arguments that may be anything a
 * careless host or its enemy passes. After each call its status, what it hands out and the newest
 * event are those of a model (model.h); at the end every key, and keyward_check(), agree with it.
 *
 * An input is a byte for each call, and behind it the bytes from which its arguments are drawn.
 */
#include "fuzz/target.h"
#include "fuzz/world.h"

#define CALLS_AT_ONCE 48 /* in one input */
#define CALLS_MAX 64     /* kinds of them */

static struct {
    const struct api_call *calls[CALLS_MAX];
    size_t count;
    unsigned long made[CALLS_MAX];
} all;

static void add(const struct api_call *calls)
{
    for (; calls->name; calls++) {
        REQUIRE(all.count < CALLS_MAX);
        all.calls[all.count++] = calls;
    }
}

static void begin(void)
{
    if (all.count > 0)
        return;
    add(access_calls);
    add(key_calls);
    add(deletion_calls);
    add(log_calls);
    add(proof_calls);
    add(store_calls);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct run run;

    begin();
    run_begin(&run, data, size);
    for (int i = 0; i < CALLS_AT_ONCE && run.input.left > 0; i++) {
        size_t number = input_pick(&run.input, all.count);
        if (model_is_full(&run.world->model))
            break;
        run.events_before = run.world->model.event_count;
        all.calls[number]->make(&run);
        all.made[number]++;
    }
    run_end(&run);
    return 0;
}

/* Every kind of call was made. */
bool fuzz_account(void)
{
    bool is_complete = true;
    unsigned long calls = 0;

    begin();
    for (size_t i = 0; i < all.count; i++) {
        calls += all.made[i];
        is_complete = is_complete && all.made[i] > 0;
        if (all.made[i] == 0)
            printf("never called: %s\n", all.calls[i]->name);
    }
    printf("%lu calls of %zu kinds\n", calls, all.count);
    return is_complete;
}
