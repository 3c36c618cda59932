/* SPDX-License-Identifier: MIT */
/* Counting what a store holds. */
#ifndef KEYWARD_OPERATIONS_STATS_H
#define KEYWARD_OPERATIONS_STATS_H

#include "transaction/transaction.h"

/* Fills a keyward_stats. */
enum keyward_status stats_read(struct transaction *transaction, void *request);

#endif
