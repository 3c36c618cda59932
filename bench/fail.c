/* SPDX-License-Identifier: MIT */
#include "fail.h"

#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static atomic_flag dying = ATOMIC_FLAG_INIT;
static bool is_child;
static volatile sig_atomic_t interrupted;

void die(const char *format, ...)
{
    va_list arguments;

    while (atomic_flag_test_and_set(&dying))
        pause(); /* another thread is at it */
    fflush(stdout);
    fputs("keyward-bench: ", stderr);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    if (is_child)
        _exit(EXIT_FAILURE);
    exit(EXIT_FAILURE);
}

void die_quietly_from_now_on(void)
{
    is_child = true;
}

static void note_interrupt(int signal)
{
    interrupted = signal;
}

void catch_interrupts(void)
{
    struct sigaction action = {.sa_handler = note_interrupt, .sa_flags = SA_RESTART};

    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    signal(SIGPIPE, SIG_IGN); /* a write to a process that is gone fails instead */
}

void stop_if_interrupted(void)
{
    if (interrupted)
        die("interrupted");
}

void *must_allocate(size_t count, size_t size)
{
    void *memory = calloc(count ? count : 1, size);

    if (!memory)
        die("no memory");
    return memory;
}
