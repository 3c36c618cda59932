/* SPDX-License-Identifier: MIT */
/* The audit log as its keeper knows it: its key, the checkpoints that were signed, and whether it
 * still continues one that was kept elsewhere. */
#ifndef KEYWARD_CLI_LOG_H
#define KEYWARD_CLI_LOG_H

#include "json.h"
#include "new_file.h"
#include "session.h"
#include "text_file.h"

/* Who keeps the log: it is the host that signs, whoever else acts. */
extern const keyward_actor log_keeper;

/* The verifier key. KEYWARD_NOT_FOUND: there is none yet; the failure says how to make it. */
enum keyward_status log_key_get(struct session *session, const keyward_actor *actor,
                                keyward_text **log_key);

/* The name of the log in its key; to be freed. */
char *log_origin(const char *log_key);

/* Signs what there is, if it continues `known`, which may be empty of bytes. */
enum keyward_status log_sign(struct session *session, const keyward_actor *actor,
                             const struct text_file *known, keyward_text **checkpoint);

/* The checkpoint over so many events, 0: the newest; `proof` holds it, and is to be freed. */
enum keyward_status log_checkpoint(struct session *session, int64_t size, keyward_text **proof,
                                   const char **checkpoint);

/* How many events a checkpoint says that it covers; -1: it does not. Verifies nothing. */
int64_t checkpoint_size(const char *checkpoint);

/* Which of the witnesses have cosigned it, if the log's key has signed it. */
enum keyward_status checkpoint_verify(const char *checkpoint, const keyward_trust *trust,
                                      keyward_proven *proven);

/* The proof that the checkpoint over so many events (0: the newest) continues an old one, which
 * must be one of this log. It holds, or the failure says why not: KEYWARD_INCONSISTENT, if the log
 * was rolled back or rewritten. */
enum keyward_status log_continues(struct session *session, const struct text_file *old,
                                  int64_t size, keyward_text **proof);

/* Hands out a text that was asked for: into the file, which it closes, or if there is none on
 * stdout. With --json `members`, which it takes over, are printed, with the text under `name`
 * unless it is in the file. Passes on a `status` that is not KEYWARD_OK. */
enum keyward_status log_hand_out(struct session *session, enum keyward_status status,
                                 struct new_file *file, const char *name, const keyward_text *text,
                                 json_t *members);

#endif
