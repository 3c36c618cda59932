/* SPDX-License-Identifier: MIT */
/* What each endpoint does; see endpoints.c. */
#ifndef HTTP_SERVER_HANDLERS_H
#define HTTP_SERVER_HANDLERS_H

struct request;
struct answer;

void handle_list_keys(struct request *request, struct answer *answer);
void handle_create_key(struct request *request, struct answer *answer);
void handle_update_key(struct request *request, struct answer *answer);
void handle_delete_key(struct request *request, struct answer *answer);
void handle_system_events(struct request *request, struct answer *answer);
void handle_verify(struct request *request, struct answer *answer);
void handle_health(struct request *request, struct answer *answer);
void handle_metrics(struct request *request, struct answer *answer);
void handle_file(struct request *request, struct answer *answer);

#endif
