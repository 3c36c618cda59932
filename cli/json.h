/* SPDX-License-Identifier: MIT */
/* What the library hands out, as JSON: the members are called as in keyward.h, times are numbers of
 * milliseconds, and what does not apply is left out. */
#ifndef KEYWARD_CLI_JSON_H
#define KEYWARD_CLI_JSON_H

#include <jansson.h>
#include <keyward/keyward.h>
#include <stdio.h>

/* Has JSON wiped from memory when it is freed: secrets are among it. Call it first. */
void json_start(void);

/* Each adds a member; NULL and 0 are left out, which json_put, taking the value over, never does.
 */
void json_put(json_t *object, const char *name, json_t *value);
void json_put_text(json_t *object, const char *name, const char *text);
void json_put_number(json_t *object, const char *name, int64_t number);

json_t *json_of_key(const keyward_key *key);
json_t *json_of_user(const keyward_user *user);
json_t *json_of_event(const keyward_event *event); /* as keyward_export_events() writes it */
json_t *json_of_changes(const keyward_changes *changes);
json_t *json_of_secret(const keyward_secret *secret);

/* {"success":true}, to be added to. */
json_t *json_success(void);

/* Prints it on a line of its own, in one canonical form, and frees it. */
void json_print(json_t **value, FILE *file);

#endif
