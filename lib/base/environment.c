/* SPDX-License-Identifier: MIT */
#include "base/environment.h"

#include <sodium.h>
#include <time.h>

static int64_t system_clock(void *context)
{
    struct timespec now = {0};

    (void)context;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int system_random(void *context, void *buffer, size_t length)
{
    (void)context;
    randombytes_buf(buffer, length);
    return 0;
}

void environment_init(struct environment *environment, const keyward_options *options)
{
    environment->clock = options->clock ? options->clock : system_clock;
    environment->clock_context = options->clock_context;
    environment->random = options->random ? options->random : system_random;
    environment->random_context = options->random_context;
}

int64_t environment_now(const struct environment *environment)
{
    return environment->clock(environment->clock_context);
}

bool environment_random(const struct environment *environment, void *buffer, size_t length)
{
    return environment->random(environment->random_context, buffer, length) == 0;
}
