/* SPDX-License-Identifier: MIT */
#include "secret_output.h"

enum keyward_status secret_output_open(struct session *session, struct new_file *file)
{
    return new_file_open(file, option_text(session, OPTION_SECRET_OUT));
}

enum keyward_status secret_output_close(struct new_file *file, const keyward_secret *secret,
                                        enum keyward_status status)
{
    if (status == KEYWARD_OK && file->path)
        status = new_file_write(file, secret->text, secret->length);
    return new_file_close(file, status);
}

void secret_output_put(const struct session *session, json_t *object, const keyward_secret *secret)
{
    if (option_given(session, OPTION_SECRET_OUT))
        json_put_text(object, "secret_file", option_text(session, OPTION_SECRET_OUT));
    else
        json_put(object, "secret", json_of_secret(secret));
}
