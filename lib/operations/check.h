/* SPDX-License-Identifier: MIT */
/* Looking at everything a store promises. */
#ifndef KEYWARD_OPERATIONS_CHECK_H
#define KEYWARD_OPERATIONS_CHECK_H

#include "transaction/transaction.h"

struct tree_check;

struct check {
    const keyward_check_options *options; /* or NULL */
    keyward_report *report;               /* filled */
    int64_t done, total;                  /* keys and events, for the progress */
    int64_t last_sequence, last_at;       /* of the event looked at before */
    struct tree_check *tree;
};

/* KEYWARD_OK when the check came to its end, whatever it found. */
enum keyward_status check_store(struct transaction *transaction, void *request);

#endif
