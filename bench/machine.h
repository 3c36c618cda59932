/* SPDX-License-Identifier: MIT */
#ifndef BENCH_MACHINE_H
#define BENCH_MACHINE_H

#include <stddef.h>

#define MACHINE_TEXT_SIZE 128

void machine_cpu(char text[MACHINE_TEXT_SIZE]);    /* its model */
void machine_kernel(char text[MACHINE_TEXT_SIZE]); /* name and release */
void machine_file_system(const char *path, char text[MACHINE_TEXT_SIZE]);
unsigned machine_cores(void);

/* Memory of this process in bytes, 0 where the system does not tell. */
void machine_reset_peak_memory(void);
size_t machine_memory(void);      /* now */
size_t machine_peak_memory(void); /* at most, since the start or the last reset */

#endif
