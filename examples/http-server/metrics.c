/* SPDX-License-Identifier: MIT */
#include "metrics.h"

#include <string.h>

/* The statuses that the server answers; the last stands for any other. */
static const unsigned statuses[METRICS_STATUSES] = {200, 204, 400, 401, 403, 404, 405, 409,
                                                    413, 414, 415, 431, 500, 503, 0,   0};

/* In microseconds. */
static const int64_t bounds[METRICS_BOUNDS] = {500,     1000,    2500,    5000,    10000,
                                               25000,   50000,   100000,  250000,  500000,
                                               1000000, 2500000, 5000000, 10000000};

static const char *const causes[REFUSALS] = {"unauthenticated", "forbidden", "malformed", "unknown",
                                             "wrong_secret",    "deleted",   "expired",   "purged"};

static void count(atomic_ullong *counter, unsigned long long by)
{
    atomic_fetch_add_explicit(counter, by, memory_order_relaxed);
}

static unsigned long long told(const atomic_ullong *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

void metrics_note(struct metrics *metrics, const struct endpoint *endpoint, unsigned status,
                  int64_t duration_us)
{
    struct endpoint_metrics *its =
        &metrics->endpoints[endpoint ? endpoint_number(endpoint) : ENDPOINTS_MAX];
    size_t i = 0, bound = 0;

    while (i < METRICS_STATUSES - 1 && statuses[i] != status)
        i++;
    while (bound < METRICS_BOUNDS && duration_us > bounds[bound])
        bound++;
    count(&its->by_status[i], 1);
    count(&its->by_duration[bound], 1);
    count(&its->duration_us, (unsigned long long)duration_us);
}

void metrics_delete(struct metrics *metrics)
{
    count(&metrics->deletes, 1);
}

void metrics_refuse(struct metrics *metrics, enum refusal refusal)
{
    count(&metrics->refusals[refusal], 1);
}

void metrics_refuse_key(struct metrics *metrics, enum keyward_cause cause)
{
    static const enum refusal refusals[] = {
        [KEYWARD_CAUSE_NONE] = REFUSAL_MALFORMED,
        [KEYWARD_CAUSE_MALFORMED] = REFUSAL_MALFORMED,
        [KEYWARD_CAUSE_UNKNOWN] = REFUSAL_UNKNOWN,
        [KEYWARD_CAUSE_WRONG_SECRET] = REFUSAL_WRONG_SECRET,
        [KEYWARD_CAUSE_DELETED] = REFUSAL_DELETED,
        [KEYWARD_CAUSE_EXPIRED] = REFUSAL_EXPIRED,
        [KEYWARD_CAUSE_PURGED] = REFUSAL_PURGED,
    };

    metrics_refuse(metrics, refusals[cause]);
}

/* ---- telling ---- */

static void tell_head(struct text *text, const char *name, const char *type, const char *help)
{
    text_format(text, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static const char *path_of(size_t number)
{
    return number < ENDPOINTS_MAX ? endpoints[number].path : "other";
}

static const char *method_of(size_t number)
{
    return number < ENDPOINTS_MAX ? endpoints[number].method : "other";
}

static void tell_requests(const struct metrics *metrics, struct text *text)
{
    tell_head(text, "keyward_http_requests_total", "counter", "Requests answered.");
    for (size_t i = 0; i <= ENDPOINTS_MAX; i++)
        for (size_t k = 0; k < METRICS_STATUSES; k++) {
            unsigned long long number = told(&metrics->endpoints[i].by_status[k]);
            if (number > 0)
                text_format(text,
                            "keyward_http_requests_total{route=\"%s\",method=\"%s\",code=\"%u\"} "
                            "%llu\n",
                            path_of(i), method_of(i), statuses[k], number);
        }
}

static void tell_duration(const struct endpoint_metrics *its, size_t number, struct text *text)
{
    static const char name[] = "keyward_http_request_duration_seconds";
    unsigned long long total = 0;

    for (size_t bound = 0; bound < METRICS_BOUNDS; bound++) {
        total += told(&its->by_duration[bound]);
        text_format(text, "%s_bucket{route=\"%s\",method=\"%s\",le=\"%g\"} %llu\n", name,
                    path_of(number), method_of(number), (double)bounds[bound] / 1e6, total);
    }
    total += told(&its->by_duration[METRICS_BOUNDS]);
    text_format(text, "%s_bucket{route=\"%s\",method=\"%s\",le=\"+Inf\"} %llu\n", name,
                path_of(number), method_of(number), total);
    text_format(text, "%s_sum{route=\"%s\",method=\"%s\"} %.6f\n", name, path_of(number),
                method_of(number), (double)told(&its->duration_us) / 1e6);
    text_format(text, "%s_count{route=\"%s\",method=\"%s\"} %llu\n", name, path_of(number),
                method_of(number), total);
}

static void tell_durations(const struct metrics *metrics, struct text *text)
{
    tell_head(text, "keyward_http_request_duration_seconds", "histogram",
              "From the head of a request to its answer.");
    for (size_t i = 0; i <= ENDPOINTS_MAX; i++)
        tell_duration(&metrics->endpoints[i], i, text);
}

static void tell_commits(const keyward_activity *activity, struct text *text)
{
    int64_t total = 0;

    tell_head(text, "keyward_commit_batch_size", "histogram",
              "Calls that one commit, and one flush, carried.");
    for (int i = 0; i < KEYWARD_ACTIVITY_SIZES; i++) {
        total += activity->commits_by_size[i];
        text_format(text, "keyward_commit_batch_size_bucket{le=\"%d\"} %lld\n", 1 << i,
                    (long long)total);
    }
    text_format(text, "keyward_commit_batch_size_bucket{le=\"+Inf\"} %lld\n", (long long)total);
    text_format(text, "keyward_commit_batch_size_sum %lld\n", (long long)activity->writes);
    text_format(text, "keyward_commit_batch_size_count %lld\n", (long long)total);
}

void metrics_tell(struct metrics *metrics, const keyward_activity *activity, unsigned connections,
                  struct text *text)
{
    tell_requests(metrics, text);
    tell_durations(metrics, text);
    tell_head(text, "keyward_deletes_total", "counter", "Keys deleted, each one on the disk.");
    text_format(text, "keyward_deletes_total %llu\n", told(&metrics->deletes));
    tell_head(text, "keyward_refusals_total", "counter", "Refusals, by cause.");
    for (size_t i = 0; i < REFUSALS; i++)
        text_format(text, "keyward_refusals_total{cause=\"%s\"} %llu\n", causes[i],
                    told(&metrics->refusals[i]));
    tell_commits(activity, text);
    tell_head(text, "keyward_http_connections", "gauge", "Open connections.");
    text_format(text, "keyward_http_connections %u\n", connections);
}
