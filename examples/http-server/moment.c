/* SPDX-License-Identifier: MIT */
#include "moment.h"

#include <keyward/keyward.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

const char *moment_format(int64_t at, char text[MOMENT_SIZE])
{
    time_t seconds = (time_t)(at / 1000);
    struct tm parts;
    size_t length;

    gmtime_r(&seconds, &parts);
    length = strftime(text, MOMENT_SIZE, "%Y-%m-%dT%H:%M:%S", &parts);
    snprintf(text + length, MOMENT_SIZE - length, ".%03dZ", (int)(at % 1000));
    return text;
}

/* Exactly so many digits; moves on behind them. */
static bool take_digits(const char **text, int count, int *value)
{
    *value = 0;
    for (int i = 0; i < count; i++) {
        if (**text < '0' || **text > '9')
            return false;
        *value = *value * 10 + (*(*text)++ - '0');
    }
    return true;
}

static bool take(const char **text, char wanted)
{
    if (**text != wanted)
        return false;
    (*text)++;
    return true;
}

static bool take_date(const char **text, struct tm *parts)
{
    if (!(take_digits(text, 4, &parts->tm_year) && take(text, '-') &&
          take_digits(text, 2, &parts->tm_mon) && take(text, '-') &&
          take_digits(text, 2, &parts->tm_mday)))
        return false;
    parts->tm_year -= 1900;
    parts->tm_mon -= 1;
    return true;
}

/* Digits beyond milliseconds are cut off. */
static bool take_fraction(const char **text, int *milliseconds)
{
    int digits = 0;

    *milliseconds = 0;
    if (!take(text, '.') && !take(text, ','))
        return true;
    for (; **text >= '0' && **text <= '9'; (*text)++, digits++)
        if (digits < 3)
            *milliseconds = *milliseconds * 10 + (**text - '0');
    for (int i = digits; i < 3; i++)
        *milliseconds *= 10;
    return digits > 0;
}

static bool take_time(const char **text, struct tm *parts, int *milliseconds)
{
    if (!(take_digits(text, 2, &parts->tm_hour) && take(text, ':') &&
          take_digits(text, 2, &parts->tm_min)))
        return false;
    if (take(text, ':') &&
        !(take_digits(text, 2, &parts->tm_sec) && take_fraction(text, milliseconds)))
        return false;
    return parts->tm_hour < 24 && parts->tm_min < 60 && parts->tm_sec < 60;
}

static bool take_offset(const char **text, int *minutes)
{
    int hour, minute, sign;

    *minutes = 0;
    if (**text == '\0' || take(text, 'Z'))
        return true;
    sign = **text == '-' ? -1 : 1;
    if (!(take(text, '+') || take(text, '-')) || !take_digits(text, 2, &hour))
        return false;
    take(text, ':');
    if (!take_digits(text, 2, &minute) || hour > 23 || minute > 59)
        return false;
    *minutes = sign * (hour * 60 + minute);
    return true;
}

bool moment_parse(const char *text, int64_t *at)
{
    struct tm parts = {0}, same;
    int milliseconds = 0, offset = 0;
    time_t seconds;

    if (!take_date(&text, &parts))
        return false;
    if (take(&text, 'T') &&
        !(take_time(&text, &parts, &milliseconds) && take_offset(&text, &offset)))
        return false;
    if (*text != '\0')
        return false;
    same = parts;
    seconds = timegm(&same);
    if (same.tm_mday != parts.tm_mday || same.tm_mon != parts.tm_mon) /* no 30th of February */
        return false;
    *at = ((int64_t)seconds - offset * 60) * 1000 + milliseconds;
    return *at >= 0 && *at <= KEYWARD_TIME_MAX;
}

int64_t moment_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

bool duration_parse(const char *text, int64_t *milliseconds)
{
    static const char units[] = "smhdw";
    static const int64_t seconds[] = {1, 60, 3600, 86400, 604800};
    size_t digits = strspn(text, "0123456789");
    const char *unit;
    int64_t number = 0;

    if (digits == 0 || digits > 9 || text[digits] == '\0' || text[digits + 1] != '\0')
        return false;
    unit = strchr(units, text[digits]);
    if (!unit)
        return false;
    for (size_t i = 0; i < digits; i++)
        number = number * 10 + (text[i] - '0');
    *milliseconds = number * seconds[unit - units] * 1000;
    return number > 0;
}

int64_t clock_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}
