/* SPDX-License-Identifier: MIT */
/* Standard output and standard error, led into files of a fuzzer's own while its target runs. What
 * a sanitizer reports goes on to the real standard error. */
#ifndef KEYWARD_TESTS_FUZZ_STREAMS_H
#define KEYWARD_TESTS_FUZZ_STREAMS_H

/* The files' descriptors; both may be one. */
void streams_lead(int out, int err);

/* Writes what is left, and gives both back. */
void streams_give_back(void);

#endif
