/* SPDX-License-Identifier: MIT */
/* Text that is handed out. */
#ifndef KEYWARD_API_TEXT_H
#define KEYWARD_API_TEXT_H

#include "base/buffer.h"

#include <keyward/keyward.h>

/* A copy of what the buffer holds: KEYWARD_OK or KEYWARD_NOMEM. */
enum keyward_status text_from_buffer(const struct buffer *buffer, keyward_text **text);

#endif
