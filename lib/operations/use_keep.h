/* SPDX-License-Identifier: MIT */
/* Carrying what authentications noted into the file. */
#ifndef KEYWARD_OPERATIONS_USE_KEEP_H
#define KEYWARD_OPERATIONS_USE_KEEP_H

#include "transaction/transaction.h"

/* Writes what is due, up to USES_AT_ONCE keys a transaction. The request is the struct uses, which
 * is to be told by uses_settle() what became of the transaction. */
enum keyward_status use_keep(struct transaction *transaction, void *request);

/* How use_keep() goes along with other writes. */
struct companion use_companion(struct uses *uses);

#endif
