/* SPDX-License-Identifier: MIT */
/* The files that are built into the program: the page and the OpenAPI document. */
#ifndef HTTP_SERVER_FILES_H
#define HTTP_SERVER_FILES_H

#include <stddef.h>

struct file {
    const char *name; /* "page.css" */
    const unsigned char *bytes;
    size_t length;
};

/* Made by the build; see cmake/EmbedFiles.cmake. */
extern const struct file embedded_files[];
extern const size_t embedded_file_count;

#endif
