/* SPDX-License-Identifier: MIT */
/* Memory that is wiped when it is given back, since requests and answers carry secrets. */
#ifndef HTTP_SERVER_MEMORY_H
#define HTTP_SERVER_MEMORY_H

#include <stddef.h>

/* NULL when there is none; zeroed. */
void *memory_allocate(size_t size);
/* Frees what memory_allocate gave; NULL is fine. */
void memory_release(void *memory);

/* From here on jansson keeps its values in such memory. */
void memory_serve_json(void);

#endif
