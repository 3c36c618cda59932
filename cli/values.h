/* SPDX-License-Identifier: MIT */
/* Values of options and operands: words, numbers and times, read strictly. */
#ifndef KEYWARD_CLI_VALUES_H
#define KEYWARD_CLI_VALUES_H

#include "session.h"

/* The words that an operand or an option's value of this kind ("ROLE", "PROVIDER", "WHY", "ACTION",
 * "COLOR") can be: the nth, or NULL. */
const char *value_word(const char *kind, size_t n);

enum keyward_status read_role(const char *text, enum keyward_role *role);

/* Each leaves its result alone when the option was not given. */
enum keyward_status option_provider(struct session *session, enum keyward_provider *provider);
enum keyward_status option_why(struct session *session, enum keyward_reason *reason);
enum keyward_status option_action(struct session *session, enum keyward_action *action);
enum keyward_status option_duration(struct session *session, enum option option,
                                    int64_t *milliseconds); /* of 1 s or more */
enum keyward_status option_moment(struct session *session, enum option option, int64_t *at);
enum keyward_status option_past_moment(struct session *session, enum option option, int64_t *at);
/* The nth operand, which is called `kind`; it must be there. */
enum keyward_status operand_number(struct session *session, int n, const char *kind, int64_t least,
                                   int64_t most, int64_t *number);
enum keyward_status option_number(struct session *session, enum option option, int64_t least,
                                  int64_t most, int64_t *number);

#endif
