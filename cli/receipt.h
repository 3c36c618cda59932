/* SPDX-License-Identifier: MIT */
/* The receipt that goes with a deletion: what could stand in its way is found before. */
#ifndef KEYWARD_CLI_RECEIPT_H
#define KEYWARD_CLI_RECEIPT_H

#include "new_file.h"
#include "session.h"

/* Makes the file and has the log sign what there is, so that it is known to sign. In a `rehearsal`
 * nothing is made or signed. */
enum keyward_status receipt_prepare(struct session *session, const char *path, bool rehearsal,
                                    struct new_file *file);

/* Signs the log with the event of the deletion, and writes the receipt, which closes the file. The
 * failure says that the key is deleted all the same. */
enum keyward_status receipt_write(struct session *session, int64_t sequence, struct new_file *file);

#endif
