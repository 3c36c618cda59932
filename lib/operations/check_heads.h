/* SPDX-License-Identifier: MIT */
/* Comparing the tree, as it grows again in a check, with every head of it that was signed. */
#ifndef KEYWARD_OPERATIONS_CHECK_HEADS_H
#define KEYWARD_OPERATIONS_CHECK_HEADS_H

#include "operations/check.h"
#include "proof/merkle.h"

struct heads_check;

/* NULL: no memory. */
struct heads_check *heads_check_new(struct transaction *transaction, struct check *check);
void heads_check_free(struct heads_check *heads);

/* Reads the log's key and the first checkpoint, and the one that is known from elsewhere. */
enum keyward_status heads_check_begin(struct heads_check *heads);

/* The size of the next head; INT64_MAX: there is none. */
int64_t heads_check_next(const struct heads_check *heads);

/* The tree has that size now, and this root. */
enum keyward_status heads_check_compare(struct heads_check *heads, const struct hash *root);

/* The log ends with so many events. */
enum keyward_status heads_check_end(struct heads_check *heads, int64_t size);

#endif
