/* SPDX-License-Identifier: MIT */
#include "moment.h"

#include "duration.h"

#include <keyward/keyward.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char wrong[] =
    "is not a time such as 2027-01-31, 2027-01-31T12:00, 2027-01-31T12:00Z or +30d";
static const char wrong_past[] =
    "is not a time such as 2027-01-31, 2027-01-31T12:00Z, or 12h for twelve hours ago";
static const char nonexistent[] = "is a time that the calendar or the local clock skips";
static const char out_of_range[] = "is beyond the years 1970 to 9999";

int64_t moment_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Takes exactly `count` digits. */
static bool take_number(const char **text, int count, int *number)
{
    *number = 0;
    for (int i = 0; i < count; i++, (*text)++) {
        if (**text < '0' || **text > '9')
            return false;
        *number = *number * 10 + (**text - '0');
    }
    return true;
}

static bool take(const char **text, char letter)
{
    if (**text != letter)
        return false;
    (*text)++;
    return true;
}

static bool take_date(const char **text, struct tm *calendar)
{
    int year, month;

    if (!take_number(text, 4, &year) || !take(text, '-') || !take_number(text, 2, &month) ||
        !take(text, '-') || !take_number(text, 2, &calendar->tm_mday))
        return false;
    calendar->tm_year = year - 1900;
    calendar->tm_mon = month - 1;
    return true;
}

static bool take_fraction(const char **text, int *milliseconds)
{
    int digits = 0;

    for (; **text >= '0' && **text <= '9'; (*text)++, digits++) {
        if (digits < 3)
            *milliseconds = *milliseconds * 10 + (**text - '0');
    }
    for (int i = digits; i < 3; i++)
        *milliseconds *= 10;
    return digits > 0;
}

static bool take_clock(const char **text, struct tm *calendar, int *milliseconds)
{
    if (!take_number(text, 2, &calendar->tm_hour) || !take(text, ':') ||
        !take_number(text, 2, &calendar->tm_min))
        return false;
    if (!take(text, ':'))
        return true;
    return take_number(text, 2, &calendar->tm_sec) &&
           (!take(text, '.') || take_fraction(text, milliseconds));
}

/* Takes Z, +01:00 or +0100; what there is of it decides whether it is UTC. */
static bool take_offset(const char **text, bool *utc, int *minutes)
{
    bool east = **text == '+';
    int hours;

    if (!**text)
        return true;
    *utc = true;
    if (take(text, 'Z'))
        return true;
    if (!(take(text, '+') || take(text, '-')) || !take_number(text, 2, &hours))
        return false;
    take(text, ':');
    if (!take_number(text, 2, minutes) || hours > 23 || *minutes > 59)
        return false;
    *minutes = (hours * 60 + *minutes) * (east ? 1 : -1);
    return true;
}

/* mktime and timegm turn 30 February into March, and an hour that the clock skips into another. */
static bool to_seconds(const struct tm *calendar, bool utc, int64_t *seconds)
{
    struct tm after = *calendar;

    after.tm_isdst = -1;
    *seconds = utc ? timegm(&after) : mktime(&after);
    return after.tm_year == calendar->tm_year && after.tm_mon == calendar->tm_mon &&
           after.tm_mday == calendar->tm_mday && after.tm_hour == calendar->tm_hour &&
           after.tm_min == calendar->tm_min && after.tm_sec == calendar->tm_sec;
}

static const char *in_range(int64_t value, int64_t *at)
{
    if (value < 0 || value > KEYWARD_TIME_MAX)
        return out_of_range;
    *at = value;
    return NULL;
}

static const char *parse_calendar(const char *text, bool utc, int64_t *at)
{
    struct tm calendar = {.tm_isdst = -1};
    int milliseconds = 0, offset = 0;
    int64_t seconds;

    if (!take_date(&text, &calendar))
        return wrong;
    if (*text && (!take(&text, 'T') || !take_clock(&text, &calendar, &milliseconds) ||
                  !take_offset(&text, &utc, &offset) || *text))
        return wrong;
    if (!to_seconds(&calendar, utc, &seconds))
        return nonexistent;
    return in_range((seconds - offset * 60) * 1000 + milliseconds, at);
}

const char *moment_parse(const char *text, bool utc, int64_t now, int64_t *at)
{
    int64_t duration;
    const char *problem;

    if (*text != '+')
        return parse_calendar(text, utc, at);
    problem = duration_parse(text + 1, &duration);
    if (problem)
        return problem;
    return duration > KEYWARD_TIME_MAX ? out_of_range : in_range(now + duration, at);
}

const char *moment_parse_past(const char *text, bool utc, int64_t now, int64_t *at)
{
    int64_t duration;
    const char *problem;

    if (duration_parse(text, &duration) == NULL)
        return duration > now ? out_of_range : in_range(now - duration, at);
    problem = parse_calendar(text, utc, at);
    return problem == wrong ? wrong_past : problem;
}

static void take_apart(int64_t at, bool utc, struct tm *calendar)
{
    time_t seconds = (time_t)(at / 1000 - (at % 1000 < 0));

    if (utc)
        gmtime_r(&seconds, calendar);
    else
        localtime_r(&seconds, calendar);
}

const char *moment_text(int64_t at, bool utc, char text[MOMENT_SIZE])
{
    struct tm calendar;
    size_t length;

    take_apart(at, utc, &calendar);
    length = strftime(text, MOMENT_SIZE, "%Y-%m-%dT%H:%M:%S", &calendar);
    if (utc)
        strcpy(text + length, "Z");
    else
        snprintf(text + length, MOMENT_SIZE - length, "%c%02d:%02d",
                 calendar.tm_gmtoff < 0 ? '-' : '+', (int)(labs(calendar.tm_gmtoff) / 3600),
                 (int)(labs(calendar.tm_gmtoff) / 60 % 60));
    return text;
}

const char *moment_date(int64_t at, bool utc, char text[MOMENT_SIZE])
{
    struct tm calendar;

    take_apart(at, utc, &calendar);
    strftime(text, MOMENT_SIZE, "%Y-%m-%d", &calendar);
    return text;
}

const char *moment_clock(int64_t at, bool utc, char text[MOMENT_SIZE])
{
    struct tm calendar;

    take_apart(at, utc, &calendar);
    strftime(text, MOMENT_SIZE, "%m-%d %H:%M:%S", &calendar);
    return text;
}
