/* SPDX-License-Identifier: MIT */
/* By descriptors: not every C library lets a program assign to stdout. */
#include "fuzz/streams.h"

#include "fuzz/require.h"

#include <fcntl.h>
#include <stdint.h>
#include <unistd.h>

static int real_out = -1, real_err = -1;

/* The sanitizers' own; without them there is none. */
void __sanitizer_set_report_fd(void *fd) __attribute__((weak));

static int keep(int fd)
{
    int kept = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);

    REQUIRE(kept >= 0);
    return kept;
}

static void keep_real_ones(void)
{
    real_out = keep(STDOUT_FILENO);
    real_err = keep(STDERR_FILENO);
    if (__sanitizer_set_report_fd)
        __sanitizer_set_report_fd((void *)(intptr_t)real_err);
}

static void lead(FILE *stream, int fd)
{
    fflush(stream);
    clearerr(stream);
    REQUIRE(dup2(fd, fileno(stream)) >= 0);
}

void streams_lead(int out, int err)
{
    if (real_out < 0)
        keep_real_ones();
    lead(stdout, out);
    lead(stderr, err);
}

void streams_give_back(void)
{
    lead(stderr, real_err);
    lead(stdout, real_out);
}
