/* SPDX-License-Identifier: MIT */
/* Memory of a program that cannot go on without: these never return NULL. When there is none they
 * say so and exit; secrets are wiped then too, see secret_buffer.h. */
#ifndef KEYWARD_CLI_MEMORY_H
#define KEYWARD_CLI_MEMORY_H

#include <stdarg.h>
#include <stddef.h>

/* Zeroed. */
void *allocate(size_t count, size_t size);

/* Grows `memory` to `count` elements of `size` bytes. */
void *reallocate(void *memory, size_t count, size_t size);

char *copy_text(const char *text);

__attribute__((format(printf, 1, 2))) char *format_text(const char *format, ...);
__attribute__((format(printf, 1, 0))) char *format_text_list(const char *format, va_list values);

#endif
