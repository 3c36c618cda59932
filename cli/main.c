/* SPDX-License-Identifier: MIT */
/* keyward, the operator's command: from the command line to the exit code, which is the value of
 * enum keyward_status that the library's call came to. */
#include "command.h"
#include "failure.h"
#include "help.h"
#include "json.h"
#include "output.h"
#include "session.h"
#include "text.h"

#include <string.h>

static enum keyward_status check_operands(const struct arguments *arguments)
{
    const struct command *command = arguments->command;

    if (arguments->operand_count < command->least)
        return fail_usage("too few operands: %s %s", command->name, command->usage[0]);
    if (command->most >= 0 && arguments->operand_count > command->most)
        return fail_usage("too many operands: %s %s", command->name, command->usage[0]);
    return KEYWARD_OK;
}

static enum keyward_status run_command(struct session *session)
{
    enum keyward_status status = check_operands(&session->arguments);

    if (status == KEYWARD_OK)
        status = session_begin(session);
    if (status == KEYWARD_OK)
        status = session->arguments.command->run(session);
    session_end(session);
    return status;
}

/* Help and version come before all else, so that they are there for whoever is stuck. */
static enum keyward_status answer(struct session *session)
{
    const struct arguments *arguments = &session->arguments;

    if (arguments->given[OPTION_HELP])
        return help_print(arguments->command);
    if (arguments->given[OPTION_VERSION])
        return version_print(session->json);
    if (!arguments->command)
        return fail_usage("which command?");
    return run_command(session);
}

int main(int argc, char **argv)
{
    struct session session = {.json = false};
    enum keyward_status status, written;

    failure_start();
    secret_buffers_start();
    text_start();
    json_start();
    output_start();
    if (help_list(argc, argv))
        return (int)output_flush();
    status = arguments_parse(argc, argv, &session.arguments, &session.json);
    if (status == KEYWARD_OK)
        status = answer(&session);
    written = output_flush();
    if (status == KEYWARD_OK)
        status = written;
    failure_print(session.arguments.command ? session.arguments.command->name : NULL, session.json);
    return (int)status;
}
