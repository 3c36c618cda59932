/* SPDX-License-Identifier: MIT */
/* The options that narrow the audit log, which 'audit' and 'audit export' share. */
#ifndef KEYWARD_CLI_EVENT_FILTER_H
#define KEYWARD_CLI_EVENT_FILTER_H

#include "session.h"

#define EVENT_FILTER_OPTIONS                                                                       \
    OPTION_REPO, OPTION_KEY, OPTION_USER, OPTION_ACTION, OPTION_SINCE, OPTION_UNTIL, OPTION_AFTER, \
        OPTION_LIMIT

/* `query` without a limit, which is 0 if none was given, and may be more than a page. */
enum keyward_status event_filter_read(struct session *session, keyward_event_query *query,
                                      int64_t *limit);

/* An access key or a name given as --key becomes the key's id; needs the store, and --repo. */
enum keyward_status event_filter_resolve(struct session *session, keyward_event_query *query,
                                         char id[KEYWARD_ID_MAX + 1]);

#endif
