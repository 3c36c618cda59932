/* SPDX-License-Identifier: MIT */
/* Whether live keys of a repository may have the same name. A key that holds its name keeps others
 * from having it; a unique index of the schema keeps even the sqlite3 shell to that. */
#ifndef KEYWARD_OPERATIONS_NAMES_H
#define KEYWARD_OPERATIONS_NAMES_H

#include "transaction/transaction.h"

/* Whether the store's live keys hold their names. */
enum keyward_status names_are_unique(struct transaction *transaction, bool *unique);

/* KEYWARD_OK, or KEYWARD_NAME_TAKEN when a live key of the repository holds the name. */
enum keyward_status names_require_free(struct transaction *transaction, const char *repo_id,
                                       const char *name);

/* From now on the key holds the name, and no other one of it. */
enum keyward_status name_hold(struct transaction *transaction, const char *repo_id,
                              const char *key_id, const char *name);

/* From now on the key holds no name. */
enum keyward_status name_let_go(struct transaction *transaction, const char *repo_id,
                                const char *key_id);

/* Puts what the host asks for in force, for the keys there are too. The request is an enum
 * keyward_names. KEYWARD_OK, KEYWARD_NAME_TAKEN when two live keys have the same name, or the
 * disk's codes. */
enum keyward_status names_set(struct transaction *transaction, void *request);

#endif
