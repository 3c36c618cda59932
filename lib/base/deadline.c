/* SPDX-License-Identifier: MIT */
#include "base/deadline.h"

#define NANOSECONDS_A_SECOND 1000000000L
#define NANOSECONDS_A_MILLISECOND 1000000L

struct deadline deadline_in(int milliseconds)
{
    struct deadline deadline = {{0}};

    clock_gettime(CLOCK_MONOTONIC, &deadline.at);
    deadline.at.tv_sec += milliseconds / 1000;
    deadline.at.tv_nsec += (milliseconds % 1000) * NANOSECONDS_A_MILLISECOND;
    if (deadline.at.tv_nsec >= NANOSECONDS_A_SECOND) {
        deadline.at.tv_sec++;
        deadline.at.tv_nsec -= NANOSECONDS_A_SECOND;
    }
    return deadline;
}

int64_t monotonic_us(void)
{
    struct timespec now = {0};

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int deadline_left(const struct deadline *deadline)
{
    struct timespec now = {0};
    long long left;

    clock_gettime(CLOCK_MONOTONIC, &now);
    left = (long long)(deadline->at.tv_sec - now.tv_sec) * 1000 +
           (deadline->at.tv_nsec - now.tv_nsec) / NANOSECONDS_A_MILLISECOND;
    return left > 0 ? (int)left : 0;
}

bool deadline_pause(const struct deadline *deadline, int pauses)
{
    long microseconds = pauses < 1000 ? 100 : 1000;
    const struct timespec moment = {.tv_nsec = microseconds * 1000};

    if (deadline_left(deadline) == 0)
        return false;
    nanosleep(&moment, NULL);
    return true;
}
