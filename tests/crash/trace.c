/* SPDX-License-Identifier: MIT */
#include "crash/trace.h"

#include <stdlib.h>
#include <string.h>

struct call *trace_add(struct trace *trace, enum call_kind kind, int file)
{
    if (trace->count == trace->room) {
        trace->room = trace->room ? 2 * trace->room : 1024;
        trace->calls = realloc(trace->calls, (size_t)trace->room * sizeof *trace->calls);
        if (!trace->calls)
            abort();
    }
    trace->calls[trace->count] = (struct call){.kind = kind, .file = file};
    return &trace->calls[trace->count++];
}

void trace_free(struct trace *trace)
{
    for (int64_t i = 0; i < trace->count; i++)
        free(trace->calls[i].bytes);
    free(trace->calls);
    *trace = (struct trace){0};
}

/* FNV-1a, 64 bits, a word at a time. */
static uint64_t mix(uint64_t sum, uint64_t word)
{
    return (sum ^ word) * UINT64_C(1099511628211);
}

uint64_t trace_sum(const struct trace *trace)
{
    uint64_t sum = UINT64_C(14695981039346656037), word;

    for (int64_t i = 0; i < trace->count; i++) {
        const struct call *call = &trace->calls[i];
        sum = mix(mix(mix(sum, call->kind), (uint64_t)call->file), call->at);
        sum = mix(mix(sum, call->length), call->size);
        for (size_t at = 0; call->bytes && at < call->length; at += sizeof word) {
            memcpy(&word, call->bytes + at, sizeof word);
            sum = mix(sum, word);
        }
    }
    return sum;
}
