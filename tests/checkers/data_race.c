/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int counter;
static atomic_bool counted; /* relaxed: it orders the two in time, so that the race is always seen,
                             * but not in the memory model, so that it stays one */

static void count(void)
{
    if (!PLANTED)
        pthread_mutex_lock(&lock);
    counter++;
    if (!PLANTED)
        pthread_mutex_unlock(&lock);
}

static void *count_first(void *unused)
{
    count();
    atomic_store_explicit(&counted, true, memory_order_relaxed);
    return unused;
}

int main(void)
{
    pthread_t other;

    if (pthread_create(&other, NULL, count_first, NULL) != 0)
        return 1;
    while (!atomic_load_explicit(&counted, memory_order_relaxed)) {
    }
    count();
    pthread_join(other, NULL);
    return 0;
}
