/* SPDX-License-Identifier: MIT */
/* Whose turn it is to fail: of the calls of one kind the nth, and perhaps those after it. */
#ifndef KEYWARD_TESTS_FAULT_TURN_H
#define KEYWARD_TESTS_FAULT_TURN_H

#include <stdbool.h>

enum fault_length {
    FAIL_ONCE,
    FAIL_FROM_THEN_ON,
    FAIL_A_FEW /* in a row: for what is tried again until it succeeds */
};

/* Zeroed, nothing fails. */
struct turn {
    int nth; /* 1: the next; 0: none */
    enum fault_length length;
    int calls, failed;
};

/* The nth call from here on. */
struct turn turn_of(int nth, enum fault_length length);

/* Counts a call, if one is to fail at all; true when it is this one. */
bool turn_comes(struct turn *turn);

#endif
