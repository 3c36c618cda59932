/* SPDX-License-Identifier: MIT */
#include "output.h"

#include "failure.h"
#include "secret_buffer.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char buffer[65536];

static void wipe_buffer(void)
{
    /* stdio may still flush it after this. */
    if (fflush(stdout) == 0)
        wipe(buffer, sizeof buffer);
}

void output_start(void)
{
    setvbuf(stdout, buffer, isatty(STDOUT_FILENO) ? _IOLBF : _IOFBF, sizeof buffer);
    signal(SIGPIPE, SIG_IGN);
    if (atexit(wipe_buffer) != 0)
        abort();
}

bool output_wait(int milliseconds)
{
    struct pollfd out = {.fd = STDOUT_FILENO};

    return poll(&out, 1, milliseconds) <= 0 || !(out.revents & (POLLERR | POLLNVAL));
}

enum keyward_status output_flush(void)
{
    errno = 0;
    if (fflush(stdout) == 0 && !ferror(stdout))
        return KEYWARD_OK;
    if (errno == EPIPE || !output_wait(0))
        return fail_silently(KEYWARD_IO);
    return fail(KEYWARD_IO, "standard output cannot be written: %s",
                errno ? strerror(errno) : "an earlier write failed");
}
