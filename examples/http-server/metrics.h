/* SPDX-License-Identifier: MIT */
/* Counters in memory, told in Prometheus' text format 0.0.4. */
#ifndef HTTP_SERVER_METRICS_H
#define HTTP_SERVER_METRICS_H

#include "endpoints.h"
#include "text.h"

#include <keyward/keyward.h>
#include <stdatomic.h>
#include <stdint.h>

#define METRICS_STATUSES 16
#define METRICS_BOUNDS 14 /* of the durations' histogram */

/* Why somebody was refused. */
enum refusal {
    REFUSAL_UNAUTHENTICATED, /* no good bearer token */
    REFUSAL_FORBIDDEN,
    REFUSAL_MALFORMED, /* this and the following: of a key to verify */
    REFUSAL_UNKNOWN,
    REFUSAL_WRONG_SECRET,
    REFUSAL_DELETED,
    REFUSAL_EXPIRED,
    REFUSAL_PURGED,
    REFUSALS
};

struct endpoint_metrics {
    atomic_ullong by_status[METRICS_STATUSES];
    atomic_ullong by_duration[METRICS_BOUNDS + 1];
    atomic_ullong duration_us; /* of all together */
};

struct metrics {
    struct endpoint_metrics endpoints[ENDPOINTS_MAX + 1]; /* the last: of none */
    atomic_ullong deletes;
    atomic_ullong refusals[REFUSALS];
};

/* `endpoint` NULL: of none. */
void metrics_note(struct metrics *metrics, const struct endpoint *endpoint, unsigned status,
                  int64_t duration_us);
void metrics_delete(struct metrics *metrics);
void metrics_refuse(struct metrics *metrics, enum refusal refusal);
void metrics_refuse_key(struct metrics *metrics, enum keyward_cause cause);

void metrics_tell(struct metrics *metrics, const keyward_activity *activity, unsigned connections,
                  struct text *text);

#endif
