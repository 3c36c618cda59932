/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <stddef.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int counter;

static void *count(void *unused)
{
    for (int i = 0; i < 1000; i++) {
        if (!PLANTED)
            pthread_mutex_lock(&lock);
        counter++;
        if (!PLANTED)
            pthread_mutex_unlock(&lock);
    }
    return unused;
}

int main(void)
{
    pthread_t other;

    if (pthread_create(&other, NULL, count, NULL) != 0)
        return 1;
    count(NULL);
    pthread_join(other, NULL);
    return 0;
}
