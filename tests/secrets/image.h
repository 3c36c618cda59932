/* SPDX-License-Identifier: MIT */
/* All that a process has in memory, whatever its protection, and in its files. */
#ifndef KEYWARD_TESTS_IMAGE_H
#define KEYWARD_TESTS_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* A piece of it, aligned to 8. */
struct piece {
    const unsigned char *bytes;
    size_t size;
    unsigned long address; /* in the process; 0: of a file */
    const char *name;      /* "[heap]", the name of the file, or "" */
    bool guarded;          /* left out of core dumps, as libsodium's memory is */
    bool readable;         /* as it is just now */
};

typedef void image_visit(void *context, const struct piece *piece);

/* Every page of the process that was ever written, while it stands still. Returns how many bytes
 * there were. */
size_t image_of_memory(pid_t process, image_visit *visit, void *context);

/* Every file of the folder, and every regular file that the process has open, be it without a
 * name. Returns how many. */
size_t image_of_files(pid_t process, const char *folder, image_visit *visit, void *context);

/* One file. */
void image_of_file(const char *path, image_visit *visit, void *context);

#endif
