/* SPDX-License-Identifier: MIT */
#include "confirm.h"

#include "failure.h"
#include "memory.h"
#include "terminal.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum keyward_status confirm_prepare(struct session *session)
{
    if (option_given(session, OPTION_YES) || terminal_is(STDIN_FILENO))
        return KEYWARD_OK;
    return fail_usage("there is no terminal to ask on; confirm it with --yes");
}

enum keyward_status confirm(struct session *session, const char *what, const char *word)
{
    struct secret_buffer *typed;
    enum keyward_status status;
    char *prompt;

    if (option_given(session, OPTION_YES))
        return KEYWARD_OK;
    prompt = format_text("%s Type %s to go on: ", what, word);
    typed = secret_buffer_take();
    status = terminal_ask(prompt, true, typed);
    if (status == KEYWARD_OK && strcmp(typed->text, word) != 0)
        status = fail(KEYWARD_CANCELLED, "not confirmed; nothing was changed");
    secret_buffer_give(&typed);
    free(prompt);
    return status;
}
