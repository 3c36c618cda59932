/* SPDX-License-Identifier: MIT */
/* Facts about the machine. They come from Linux's /proc; elsewhere the texts say less. */
#include "machine.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#if defined(__APPLE__)
#include <sys/mount.h>
#include <sys/sysctl.h>
#endif
#if defined(__GLIBC__)
#include <malloc.h>
#endif

/* The text behind "name", blanks and ':' in a file of such lines. */
static bool read_line_of(const char *path, const char *name, char *text, size_t size)
{
    FILE *file = fopen(path, "r");
    char line[512];
    bool found = false;

    while (file && !found && fgets(line, sizeof line, file)) {
        size_t length = strlen(name);
        if (strncmp(line, name, length) != 0)
            continue;
        length += strspn(line + length, " \t:");
        line[strcspn(line, "\n")] = '\0';
        snprintf(text, size, "%s", line + length);
        found = true;
    }
    if (file)
        fclose(file);
    return found;
}

void machine_cpu(char text[MACHINE_TEXT_SIZE])
{
    struct utsname system;

#if defined(__APPLE__)
    size_t size = MACHINE_TEXT_SIZE;
    if (sysctlbyname("machdep.cpu.brand_string", text, &size, NULL, 0) == 0)
        return;
#endif
    if (read_line_of("/proc/cpuinfo", "model name", text, MACHINE_TEXT_SIZE))
        return;
    snprintf(text, MACHINE_TEXT_SIZE, "%s", uname(&system) == 0 ? system.machine : "unknown CPU");
}

void machine_kernel(char text[MACHINE_TEXT_SIZE])
{
    struct utsname system;

    if (uname(&system) == 0)
        snprintf(text, MACHINE_TEXT_SIZE, "%.40s %.80s", system.sysname, system.release);
    else
        snprintf(text, MACHINE_TEXT_SIZE, "unknown kernel");
}

#if defined(__APPLE__)
void machine_file_system(const char *path, char text[MACHINE_TEXT_SIZE])
{
    struct statfs system;

    snprintf(text, MACHINE_TEXT_SIZE, "%s",
             statfs(path, &system) == 0 ? system.f_fstypename : "unknown file system");
}
#else
/* The type of the mount point that is the longest head of the path. */
void machine_file_system(const char *path, char text[MACHINE_TEXT_SIZE])
{
    FILE *mounts = fopen("/proc/self/mounts", "r");
    char line[2048], point[1024], type[64];
    size_t longest = 0;

    snprintf(text, MACHINE_TEXT_SIZE, "unknown file system");
    while (mounts && fgets(line, sizeof line, mounts)) {
        size_t length;
        if (sscanf(line, "%*s %1023s %63s", point, type) != 2)
            continue;
        length = strcmp(point, "/") == 0 ? 0 : strlen(point);
        if (strncmp(path, point, length) == 0 && (path[length] == '/' || path[length] == '\0') &&
            length >= longest) {
            longest = length;
            snprintf(text, MACHINE_TEXT_SIZE, "%s", type);
        }
    }
    if (mounts)
        fclose(mounts);
}
#endif

unsigned machine_cores(void)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);

    return cores > 0 ? (unsigned)cores : 1;
}

static size_t memory_line(const char *name)
{
    char text[64];

    if (!read_line_of("/proc/self/status", name, text, sizeof text))
        return 0;
    return (size_t)strtoull(text, NULL, 10) * 1024;
}

void machine_reset_peak_memory(void)
{
    FILE *peak = fopen("/proc/self/clear_refs", "w");

#if defined(__GLIBC__)
    malloc_trim(0);
#endif
    if (peak) {
        fputs("5", peak);
        fclose(peak);
    }
}

size_t machine_memory(void)
{
    return memory_line("VmRSS:");
}

size_t machine_peak_memory(void)
{
    return memory_line("VmHWM:");
}
