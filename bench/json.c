/* SPDX-License-Identifier: MIT */
#include "json.h"

#include "fail.h"
#include "report.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static void put_floor(FILE *file, const struct result *result)
{
    if (result->floor[0])
        fprintf(file, "\"floor\": \"%s\", \"floor_per_second\": %.1f, \"ratio\": %.4f",
                result->floor, result->floor_per_second, result->ratio);
    else
        fputs("\"floor\": null, \"floor_per_second\": null, \"ratio\": null", file);
}

/* No name needs escaping: they are this program's own. */
static void put_result(FILE *file, const struct result *result)
{
    fprintf(file,
            "{\"case\": \"%s\", \"per_second\": %.1f, \"p50_us\": %.3f, \"p99_us\": %.3f, "
            "\"p999_us\": %.3f, ",
            result->name, result->per_second, result->p50_us, result->p99_us, result->p999_us);
    put_floor(file, result);
    if (result->keyward_ratio > 0)
        fprintf(file, ", \"keyward_ratio\": %.4f", result->keyward_ratio);
    if (result->bytes_a_key > 0)
        fprintf(file,
                ", \"bytes_per_key\": %.1f, \"floor_bytes_per_key\": %.1f, \"memory_bytes\": %.0f",
                result->bytes_a_key, result->floor_bytes_a_key, result->memory_bytes);
    if (result->pages_a_delete > 0)
        fprintf(file,
                ", \"pages_per_delete\": %.3f, \"bytes_per_delete\": %.1f"
                ", \"floor_pages_per_delete\": %.3f, \"floor_bytes_per_delete\": %.1f",
                result->pages_a_delete, result->bytes_a_delete, result->floor_pages_a_delete,
                result->floor_bytes_a_delete);
    fputc('}', file);
}

void json_write(const char *path)
{
    FILE *file = fopen(path, "w");
    size_t count;
    const struct result *results = report_results(&count);

    if (!file)
        die("%s: %s", path, strerror(errno));
    fputs("[\n", file);
    for (size_t i = 0; i < count; i++) {
        put_result(file, &results[i]);
        fputs(i + 1 < count ? ",\n" : "\n", file);
    }
    fputs("]\n", file);
    if (fclose(file) != 0)
        die("%s: %s", path, strerror(errno));
}
