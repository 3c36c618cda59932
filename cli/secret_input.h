/* SPDX-License-Identifier: MIT */
/* Secrets and master keys come from a file, a descriptor, standard input or a terminal; never from
 * the command line or the environment, where others can see them. */
#ifndef KEYWARD_CLI_SECRET_INPUT_H
#define KEYWARD_CLI_SECRET_INPUT_H

#include "session.h"

/* Before anything is done: whether the options name one way at most to give a secret. */
enum keyward_status secret_check(struct session *session);

/* By --secret-...; without one, from stdin if that is no terminal, else from the terminal, there
 * `twice` to find mistakes. A line end at the end of what is not typed is taken off. */
enum keyward_status secret_read(struct session *session, const char *prompt, bool twice,
                                struct secret_buffer **secret);

/* The ways to give a master key: the options --master-key-... or --new-master-key-... . */
struct master_key_source {
    enum option file, descriptor, standard_input, prompt;
    const char *name; /* in prompts */
    bool asks_twice;
};
extern const struct master_key_source master_key_source, new_master_key_source;

/* How many of them were given. */
int master_key_ways(const struct session *session, const struct master_key_source *source);

/* Reads the key, unless it is to come from a file: then `key` is NULL. Its first
 * KEYWARD_MASTER_KEY_BYTES bytes are the key. */
enum keyward_status master_key_read(struct session *session, const struct master_key_source *source,
                                    struct secret_buffer **key);

#endif
