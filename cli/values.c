/* SPDX-License-Identifier: MIT */
#include "values.h"

#include "duration.h"
#include "failure.h"
#include "moment.h"

#include <string.h>
#include <strings.h>

/* ---- words ---- */

static const char *const roles[] = {"reader", "writer", "admin", NULL};
static const char *const providers[] = {"OPENAI", "GOOGLE", "ANTHROPIC", "AWS", "OTHER", NULL};
static const char *const reasons[] = {"unused",      "rotated", "compromised",
                                      "offboarding", "other",   NULL};
static const char *const colors[] = {"auto", "always", "never", NULL};

static const char *listed_word(const char *const *words, size_t n)
{
    while (n > 0 && *words) {
        words++;
        n--;
    }
    return *words;
}

static const char *action_word(size_t n)
{
    const char *word = n < 1000 ? keyward_action_text((enum keyward_action)(n + 1)) : "unknown";

    return strcmp(word, "unknown") == 0 ? NULL : word;
}

const char *value_word(const char *kind, size_t n)
{
    if (strcmp(kind, "ROLE") == 0)
        return listed_word(roles, n);
    if (strcmp(kind, "PROVIDER") == 0)
        return listed_word(providers, n);
    if (strcmp(kind, "WHY") == 0)
        return listed_word(reasons, n);
    if (strcmp(kind, "COLOR") == 0)
        return listed_word(colors, n);
    if (strcmp(kind, "WHEN|never") == 0)
        return n == 0 ? "never" : NULL;
    return strcmp(kind, "ACTION") == 0 ? action_word(n) : NULL;
}

/* ---- words to values ---- */

enum keyward_status read_role(const char *text, enum keyward_role *role)
{
    for (int i = KEYWARD_READER; i <= KEYWARD_ADMIN; i++) {
        if (strcmp(keyward_role_text((enum keyward_role)i), text) == 0) {
            *role = (enum keyward_role)i;
            return KEYWARD_OK;
        }
    }
    return fail_usage("ROLE is reader, writer or admin");
}

enum keyward_status option_provider(struct session *session, enum keyward_provider *provider)
{
    const char *text = option_text(session, OPTION_PROVIDER);

    if (!text)
        return KEYWARD_OK;
    for (int i = KEYWARD_OTHER; i <= KEYWARD_AWS; i++) {
        if (strcasecmp(keyward_provider_text((enum keyward_provider)i), text) == 0) {
            *provider = (enum keyward_provider)i;
            return KEYWARD_OK;
        }
    }
    return fail_usage("--provider is OPENAI, GOOGLE, ANTHROPIC, AWS or OTHER");
}

enum keyward_status option_why(struct session *session, enum keyward_reason *reason)
{
    const char *text = option_text(session, OPTION_WHY);

    if (!text)
        return KEYWARD_OK;
    for (int i = KEYWARD_REASON_UNUSED; i <= KEYWARD_REASON_OTHER; i++) {
        if (strcmp(keyward_reason_text((enum keyward_reason)i), text) == 0) {
            *reason = (enum keyward_reason)i;
            return KEYWARD_OK;
        }
    }
    return fail_usage("--why is unused, rotated, compromised, offboarding or other");
}

enum keyward_status option_action(struct session *session, enum keyward_action *action)
{
    const char *text = option_text(session, OPTION_ACTION), *word;

    if (!text)
        return KEYWARD_OK;
    for (size_t i = 0; (word = action_word(i)); i++) {
        if (strcmp(word, text) == 0) {
            *action = (enum keyward_action)(i + 1);
            return KEYWARD_OK;
        }
    }
    return fail_usage("--action is one such as key.created, key.deleted or access.granted");
}

/* ---- numbers and times ---- */

static enum keyward_status wrong_value(enum option option, const char *text, const char *problem)
{
    return fail_usage("--%s: '%s' %s", options_about[option].name, text, problem);
}

enum keyward_status option_duration(struct session *session, enum option option,
                                    int64_t *milliseconds)
{
    const char *text = option_text(session, option), *problem;
    int64_t value;

    if (!text)
        return KEYWARD_OK;
    problem = duration_parse(text, &value);
    if (!problem && value == 0)
        problem = "is no time at all";
    if (problem)
        return wrong_value(option, text, problem);
    *milliseconds = value;
    return KEYWARD_OK;
}

enum keyward_status option_moment(struct session *session, enum option option, int64_t *at)
{
    const char *text = option_text(session, option), *problem;

    problem = text ? moment_parse(text, session->utc, moment_now(), at) : NULL;
    return problem ? wrong_value(option, text, problem) : KEYWARD_OK;
}

enum keyward_status option_past_moment(struct session *session, enum option option, int64_t *at)
{
    const char *text = option_text(session, option), *problem;

    problem = text ? moment_parse_past(text, session->utc, moment_now(), at) : NULL;
    return problem ? wrong_value(option, text, problem) : KEYWARD_OK;
}

static bool parse_number(const char *text, int64_t most, int64_t *number)
{
    *number = 0;
    if (!*text)
        return false;
    for (; *text; text++) {
        if (*text < '0' || *text > '9' || *number > (most - (*text - '0')) / 10)
            return false;
        *number = *number * 10 + (*text - '0');
    }
    return true;
}

enum keyward_status option_number(struct session *session, enum option option, int64_t least,
                                  int64_t most, int64_t *number)
{
    const char *text = option_text(session, option);
    int64_t value;

    if (!text)
        return KEYWARD_OK;
    if (!parse_number(text, most, &value) || value < least)
        return wrong_value(option, text, "is not such a number");
    *number = value;
    return KEYWARD_OK;
}

enum keyward_status operand_number(struct session *session, int n, const char *kind, int64_t least,
                                   int64_t most, int64_t *number)
{
    const char *text = operand(session, n);

    if (!parse_number(text, most, number) || *number < least)
        return fail_usage("%s: '%s' is not such a number", kind, text);
    return KEYWARD_OK;
}
