/* SPDX-License-Identifier: MIT */
/* One run of the program: its arguments, how it prints, who acts, and the store once it is open. */
#ifndef KEYWARD_CLI_SESSION_H
#define KEYWARD_CLI_SESSION_H

#include "arguments.h"
#include "secret_buffer.h"

struct session {
    struct arguments arguments;
    bool json, utc, quiet, color;
    keyward_actor actor;
    keyward_options options; /* of the store */
    const char *store_path;
    struct secret_buffer *master_key; /* unless it is read from a file by the library */
    keyward *store;
};

/* Reads the global options. */
enum keyward_status session_begin(struct session *session);

/* Opens the store, which must exist. */
enum keyward_status session_open(struct session *session);

/* Makes the store, and the master key's file if it is to be one and is missing. */
enum keyward_status session_create(struct session *session, bool *made_master_key);

/* Closes the store and wipes the master key. */
void session_end(struct session *session);

/* The value of an option, "" if it takes none; NULL: it was not given. */
const char *option_text(const struct session *session, enum option option);
bool option_given(const struct session *session, enum option option);

/* The nth operand; NULL: there are fewer. */
const char *operand(const struct session *session, int n);

/* A line for a person about what was done; nothing with --quiet or --json. */
__attribute__((format(printf, 2, 3))) void tell(const struct session *session, const char *format,
                                                ...);

/* The same on stderr: about the circumstances, not the result. */
__attribute__((format(printf, 2, 3))) void remark(const struct session *session, const char *format,
                                                  ...);

#endif
