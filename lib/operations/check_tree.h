/* SPDX-License-Identifier: MIT */
/* Hashing the audit log anew, and comparing what comes out with what stands in the store and under
 * its checkpoints. */
#ifndef KEYWARD_OPERATIONS_CHECK_TREE_H
#define KEYWARD_OPERATIONS_CHECK_TREE_H

#include "connection/statement.h"
#include "operations/check.h"

struct tree_check;

/* NULL: no memory. */
struct tree_check *tree_check_new(struct transaction *transaction, struct check *check);
enum keyward_status tree_check_begin(struct tree_check *tree);
void tree_check_free(struct tree_check *tree);

/* Each event in turn: a row of EVENT_COLUMNS and its leaf hash. */
enum keyward_status tree_check_event(struct tree_check *tree, const struct statement *row);

/* And when there are no more. */
enum keyward_status tree_check_end(struct tree_check *tree);

#endif
