/* SPDX-License-Identifier: MIT */
/* The log as files for a static web server, which 'audit publish' and 'audit export' share. */
#ifndef KEYWARD_CLI_PUBLISH_H
#define KEYWARD_CLI_PUBLISH_H

#include "session.h"

/* Publishes the checkpoint over so many events, 0: the newest, in the folder, which is made if it
 * is missing; what is in it already must be of this log, and older. The store is open. */
enum keyward_status publish(struct session *session, const char *path, int64_t size);

#endif
