/* SPDX-License-Identifier: MIT */
/* The rows and events that an operation writes, collected for whoever wants to see them. */
#ifndef KEYWARD_OPERATIONS_CHANGES_H
#define KEYWARD_OPERATIONS_CHANGES_H

#include "transaction/transaction.h"

/* Empty, or NULL; freed with result_free(). */
keyward_changes *changes_new(void);

/* From now on the transaction's events are collected, until the operation ends; anew after a
 * rollback. NULL: they are not. */
void changes_collect(struct transaction *transaction, keyward_changes *changes);

/* Both do nothing for a transaction whose changes nobody wants. KEYWARD_OK or KEYWARD_NOMEM. */
enum keyward_status changes_add_event(struct transaction *transaction, const keyward_event *event);
enum keyward_status changes_add_key(struct transaction *transaction, const char *repo_id,
                                    const char *key_id);

#endif
