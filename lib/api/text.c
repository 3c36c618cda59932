/* SPDX-License-Identifier: MIT */
#include "api/text.h"
#include "base/result.h"

enum keyward_status text_from_buffer(const struct buffer *buffer, keyward_text **text)
{
    keyward_text *made = buffer->failed ? NULL : result_new(sizeof *made);

    if (made) {
        made->text = result_copy(made, buffer->bytes, buffer->length);
        made->length = buffer->length;
    }
    if (!made || !made->text) {
        keyward_text_free(&made);
        return KEYWARD_NOMEM;
    }
    *text = made;
    return KEYWARD_OK;
}

void keyward_text_free(keyward_text **text)
{
    if (!text)
        return;
    result_free(*text);
    *text = NULL;
}
