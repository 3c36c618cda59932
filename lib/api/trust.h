/* SPDX-License-Identifier: MIT */
/* Whom a caller trusts. */
#ifndef KEYWARD_API_TRUST_H
#define KEYWARD_API_TRUST_H

#include "proof/trust.h"

/* As those of arguments.h; fills `trust`, which points into what is given. */
bool argument_is_trust(struct error *error, const keyward_trust *given, struct trust *trust);

#endif
