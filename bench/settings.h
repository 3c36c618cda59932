/* SPDX-License-Identifier: MIT */
#ifndef BENCH_SETTINGS_H
#define BENCH_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How this run measures; set once by main. */
struct settings {
    uint64_t seed;
    size_t keys;          /* in each store */
    size_t list_deleted;  /* deleted keys in the fullest list */
    unsigned rounds;      /* slices a contender; the median counts */
    double slice_seconds; /* the length of one */
    bool full;            /* growth to 10,000,000 keys */
    bool http, peers;
    const char *http_server;   /* its program; NULL: not built */
    const char *parent_folder; /* where the run's own folder is made */
    const char *json_path, *svg_path;
};

extern struct settings settings;

#endif
