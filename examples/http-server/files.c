/* SPDX-License-Identifier: MIT */
#include "files.h"
#include "handlers.h"
#include "request.h"

#include <string.h>

/* Nothing of another origin, nothing inline. */
#define POLICY                                                                              \
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src " \
    "'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

static const struct {
    const char *path, *file, *type, *policy;
} served[] = {
    {"/", "index.html", "text/html; charset=utf-8", POLICY},
    {"/page.css", "page.css", "text/css; charset=utf-8", NULL},
    {"/page.js", "page.js", "text/javascript; charset=utf-8", NULL},
    {"/icon.svg", "icon.svg", "image/svg+xml", POLICY},
    {"/openapi.json", "openapi.json", TYPE_JSON, NULL},
};

static const struct file *find(const char *name)
{
    for (size_t i = 0; i < embedded_file_count; i++)
        if (strcmp(embedded_files[i].name, name) == 0)
            return &embedded_files[i];
    return NULL;
}

void handle_file(struct request *request, struct answer *answer)
{
    for (size_t i = 0; i < sizeof served / sizeof *served; i++) {
        bool is_it = strcmp(served[i].path, request->endpoint->path) == 0;
        const struct file *file = is_it ? find(served[i].file) : NULL;

        if (!file)
            continue;
        answer->status = MHD_HTTP_OK;
        answer->type = served[i].type;
        answer->policy = served[i].policy;
        answer->file = file->bytes;
        answer->file_length = file->length;
    }
}
