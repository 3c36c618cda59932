/* SPDX-License-Identifier: MIT */
/* Copying the whole store into another file, as one snapshot has it. */
#ifndef KEYWARD_OPERATIONS_BACKUP_H
#define KEYWARD_OPERATIONS_BACKUP_H

#include "transaction/transaction.h"

struct store_backup {
    const char *file; /* empty, private; left for the caller to name or to throw away */
    const keyward_backup_options *options; /* or NULL */
};

/* KEYWARD_OK when the copy is complete and on the disk. */
enum keyward_status backup_store(struct transaction *transaction, void *request);

#endif
