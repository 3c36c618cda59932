/* SPDX-License-Identifier: MIT */
/*
 * The drawing of arguments from an input, and what the library takes of them. What is drawn is what
 * a host may pass by mistake or on an enemy's behalf: NULL, texts that are empty, too long or no
 * UTF-8, values outside their enum.
 */
#ifndef KEYWARD_TESTS_FUZZ_DRAW_H
#define KEYWARD_TESTS_FUZZ_DRAW_H

#include "fuzz/world.h"

/* ---- drawing ---- */

/* Time goes by in multiples of this, so that two moments are often the same. */
#define A_WHILE INT64_C(1000)

/* The store, seldom NULL. */
keyward *draw_store(struct run *run);
/* In the run's own `actor`, seldom NULL. */
const keyward_actor *draw_actor(struct run *run);
const char *draw_repo(struct run *run);
const char *draw_user(struct run *run);
const char *draw_name(struct run *run);
const char *draw_long_text(struct run *run);
/* One of the model's, or something else; repository and id of the same key most of the time. */
struct key_name {
    const char *repo_id, *key_id;
};
struct key_name draw_key(struct run *run);
/* Mostly in the future. */
int64_t draw_deadline(struct run *run);
int draw_limit(struct run *run);
/* One time in eight. */
bool draw_seldom(struct run *run);

/* A secret to import; NULL with 0 half of the time. */
struct sized_text {
    const char *text;
    size_t length;
    bool is_mistyped; /* one of keyward's, with another letter */
};
struct sized_text draw_secret(struct run *run);
/* Bytes of the input as text, with a NUL behind them and maybe within. */
struct sized_text draw_raw(struct run *run, size_t most);

/* ---- what the library takes ---- */

bool is_text(const char *text, size_t longest);
bool is_optional_text(const char *text, size_t longest);
bool is_sized_text(const char *text, size_t length, size_t longest);
bool is_id(const char *text);
bool is_actor(const keyward_actor *actor);
bool is_deadline(const struct run *run, int64_t deadline);
bool is_importable(const struct sized_text *secret);
bool is_limit(int limit);

#endif
