/* SPDX-License-Identifier: MIT */
#include "fault/turn.h"

#define A_FEW 5

struct turn turn_of(int nth, enum fault_length length)
{
    return (struct turn){.nth = nth, .length = length};
}

static int count_of(const struct turn *turn)
{
    return turn->length == FAIL_ONCE ? 1 : A_FEW;
}

bool turn_comes(struct turn *turn)
{
    bool comes;

    if (turn->nth == 0) /* and is only read: other threads may be here too */
        return false;
    turn->calls++;
    comes = turn->calls >= turn->nth &&
            (turn->length == FAIL_FROM_THEN_ON || turn->calls < turn->nth + count_of(turn));
    turn->failed += comes;
    return comes;
}
