/* SPDX-License-Identifier: MIT */
/* What the command reads and shows by itself: durations, moments, and text as a terminal may have
 * it. */
#include "fuzz/require.h"
#include "fuzz/target.h"
#include "fuzz/visible.h"

#include "duration.h"
#include "moment.h"
#include "text.h"

#include <keyward/keyward.h>
#include <string.h>

#define NOW INT64_C(1700000000000)

static struct {
    size_t durations, moments, texts;
} reached;

static void begin(void)
{
    static bool has_begun;

    if (!has_begun)
        text_start();
    has_begun = true;
}

static void read_duration(const char *text)
{
    int64_t duration = -1;

    if (duration_parse(text, &duration))
        return;
    REQUIRE(duration >= 0 && duration % 1000 == 0);
    reached.durations++;
}

/* To the second it is shown as it was read, and read as it was shown. */
static void read_moment(const char *text)
{
    char shown[MOMENT_SIZE];
    int64_t at = -1, past = -1, again = -1;

    if (!moment_parse_past(text, true, NOW, &past))
        REQUIRE(past >= 0 && past <= KEYWARD_TIME_MAX);
    if (moment_parse(text, true, NOW, &at))
        return;
    REQUIRE(at >= 0 && at <= KEYWARD_TIME_MAX);
    REQUIRE(!moment_parse(moment_text(at, true, shown), true, NOW, &again));
    REQUIRE(again == at - at % 1000);
    REQUIRE(strlen(moment_date(at, true, shown)) < MOMENT_SIZE);
    REQUIRE(strlen(moment_clock(at, true, shown)) < MOMENT_SIZE);
    reached.moments++;
}

/* Text that is visible already stays as it is; no cut goes through a letter. */
static void show(const char *text, size_t length)
{
    char *visible = text_visible(text), *again = text_visible(visible);
    size_t whole = text_width(visible), width, bytes;

    REQUIRE(is_visible(visible, strlen(visible)) && !strchr(visible, '\n'));
    REQUIRE(strcmp(visible, again) == 0);
    REQUIRE(whole <= strlen(visible));
    for (size_t columns = 0; columns < 40; columns++) {
        bytes = text_fit(visible, columns, &width);
        REQUIRE(bytes <= strlen(visible) && width <= columns && width <= whole);
        REQUIRE(((unsigned char)visible[bytes] & 0xC0) != 0x80);
    }
    if (text_is_harmless(text, length)) {
        REQUIRE(strlen(text) == length);
        reached.texts++;
    }
    free(visible);
    free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = calloc(1, size + 1);

    begin();
    REQUIRE(text);
    if (size > 0)
        memcpy(text, data, size);
    read_duration(text);
    read_moment(text);
    show(text, size);
    free(text);
    return 0;
}

bool fuzz_account(void)
{
    printf("%zu durations, %zu moments, %zu harmless texts\n", reached.durations, reached.moments,
           reached.texts);
    return reached.durations > 0 && reached.moments > 0 && reached.texts > 0;
}
