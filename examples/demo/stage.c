/* SPDX-License-Identifier: MIT */
#include "stage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int broken;
static int64_t passed;

const char *bold = "", *dim = "", *green = "", *red = "", *plain = "";

void choose_colours(void)
{
    if (!isatty(STDOUT_FILENO) || getenv("NO_COLOR"))
        return;
    bold = "\033[1m";
    dim = "\033[2m";
    green = "\033[32m";
    red = "\033[31m";
    plain = "\033[0m";
}

void chapter(const char *title)
{
    static int number;
    printf("\n%s%2d  %s%s\n", bold, ++number, title, plain);
}

void promise(bool kept, const char *text)
{
    printf("    %s%s%s %s\n", kept ? green : red, kept ? "✓" : "✗", plain, text);
    if (!kept) {
        printf("      %slast error: %s%s\n", dim, keyward_last_error(NULL)->message, plain);
        broken++;
    }
}

void answer(keyward *store, const char *attempt, enum keyward_status got,
            enum keyward_status wanted)
{
    bool kept = got == wanted;
    printf("    %s%s%s %-49s %s→ %s%s\n", kept ? green : red, kept ? "✓" : "✗", plain, attempt, dim,
           got == KEYWARD_OK ? "done" : keyward_last_error(store)->message, plain);
    broken += !kept;
}

void must(keyward *store, enum keyward_status status, const char *what)
{
    if (status == KEYWARD_OK)
        return;
    fprintf(stderr, "demo: %s: %s\n", what, keyward_last_error(store)->message);
    exit(EXIT_FAILURE);
}

const char *clock_time(int64_t milliseconds, char text[32])
{
    time_t seconds = (time_t)(milliseconds / 1000);
    struct tm utc;

    gmtime_r(&seconds, &utc);
    strftime(text, 32, "%H:%M:%S", &utc);
    snprintf(text + strlen(text), 16, ".%03dZ", (int)(milliseconds % 1000));
    return text;
}

void print_hex(const char *label, const unsigned char *bytes, size_t shown, size_t length)
{
    printf("      %-9s", label);
    for (size_t i = 0; i < shown; i++)
        printf("%02x%s", bytes[i], i % 4 == 3 ? " " : "");
    printf("%s%s%zu bytes%s\n", shown < length ? "… " : "", dim, length, plain);
}

int broken_promises(void)
{
    return broken;
}

int64_t stage_clock(void *context)
{
    struct timespec now = {0};

    (void)context;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000 + passed;
}

void let_pass(int64_t milliseconds, const char *how_long)
{
    passed += milliseconds;
    printf("      %s… %s later%s\n", dim, how_long, plain);
}
