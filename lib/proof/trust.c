/* SPDX-License-Identifier: MIT */
#include "proof/trust.h"

#include <stdlib.h>

static int compare_times(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;
    return (left > right) - (left < right);
}

/* Where this witness's name stands in the list for the first time: keys of one name are one
 * witness, who would else be two of the witnesses needed once he has a new key. */
static size_t first_of_name(const struct trust *trust, size_t witness)
{
    size_t first = 0;

    while (!span_equal(trust->witnesses[first].name, trust->witnesses[witness].name))
        first++;
    return first;
}

/* Moves the times of those who have cosigned to the front, the earliest first, and counts them. */
static size_t sort_times(int64_t *times, size_t count)
{
    size_t cosigned = 0;

    for (size_t i = 0; i < count; i++) {
        if (times[i] > 0)
            times[cosigned++] = times[i];
    }
    qsort(times, cosigned, sizeof *times, compare_times);
    return cosigned;
}

static enum keyward_status check_log(const struct trust *trust, const struct checkpoint *checkpoint,
                                     const char *what, struct error *error)
{
    int64_t none;

    if (!span_equal(checkpoint->origin, trust->log.name))
        return error_set(error, KEYWARD_UNPROVEN,
                         "%s: is of another log: its origin is not the name of the log's key",
                         what);
    switch (note_signed_by(&checkpoint->note, &trust->log, &none)) {
    case SIGNED_RIGHTLY:
        return KEYWARD_OK;
    case SIGNED_WRONGLY:
        return error_set(error, KEYWARD_UNPROVEN, "%s: the log's signature does not hold", what);
    default:
        return error_set(error, KEYWARD_UNPROVEN, "%s: is not signed by the log's key", what);
    }
}

enum keyward_status trust_check(const struct trust *trust, const struct checkpoint *checkpoint,
                                const char *what, struct cosigned *cosigned, struct error *error)
{
    int64_t times[KEYWARD_WITNESSES_MAX] = {0}, at;
    enum keyward_status status = check_log(trust, checkpoint, what, error);

    if (status != KEYWARD_OK)
        return status;
    for (size_t i = 0; i < trust->witness_count; i++) {
        int64_t *time = &times[first_of_name(trust, i)];
        enum signed_by answer = note_signed_by(&checkpoint->note, &trust->witnesses[i], &at);
        if (answer == SIGNED_WRONGLY)
            return error_set(error, KEYWARD_UNPROVEN,
                             "%s: the cosignature of witness_keys[%zu] does not hold", what, i);
        if (answer == SIGNED_RIGHTLY && (*time == 0 || at < *time))
            *time = at;
    }
    cosigned->witnesses = sort_times(times, trust->witness_count);
    cosigned->at = 0;
    if (trust->witnesses_needed > 0 && cosigned->witnesses >= trust->witnesses_needed)
        cosigned->at = times[trust->witnesses_needed - 1];
    return KEYWARD_OK;
}

enum keyward_status trust_require(const struct trust *trust, const struct cosigned *cosigned,
                                  const char *what, struct error *error)
{
    if (cosigned->witnesses >= trust->witnesses_needed)
        return KEYWARD_OK;
    return error_set(error, KEYWARD_UNPROVEN, "%s: %zu of the witnesses have cosigned it, not %zu",
                     what, cosigned->witnesses, trust->witnesses_needed);
}
