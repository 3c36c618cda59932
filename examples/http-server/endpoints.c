/* SPDX-License-Identifier: MIT */
#include "endpoints.h"
#include "handlers.h"
#include "path.h"

#include <stdio.h>
#include <string.h>

#define KEYS "/repo/{repoId}/ai/apikey"
#define KEY "/repo/{repoId}/ai/apikey/{apikeyId}"

const struct endpoint endpoints[ENDPOINTS_MAX] = {
    {KEYS, "GET", handle_list_keys, false, false, "list AI API keys"},
    {KEYS, "POST", handle_create_key, false, true, "create AI API key"},
    {KEY, "PUT", handle_update_key, false, true, "update AI API key"},
    {KEY, "DELETE", handle_delete_key, false, false, "delete AI API key"},
    {"/systemevent", "POST", handle_system_events, false, true, "read events"},
    {"/auth/verify", "POST", handle_verify, true, true, "verify API key"},
    {"/healthz", "GET", handle_health, true, false, "check the store"},
    {"/metrics", "GET", handle_metrics, true, false, "tell metrics"},
    {"/openapi.json", "GET", handle_file, true, false, "send"},
    {"/", "GET", handle_file, true, false, "send"},
    {"/page.css", "GET", handle_file, true, false, "send"},
    {"/page.js", "GET", handle_file, true, false, "send"},
    {"/icon.svg", "GET", handle_file, true, false, "send"},
};

size_t endpoint_number(const struct endpoint *endpoint)
{
    return (size_t)(endpoint - endpoints);
}

static bool is_for(const struct endpoint *endpoint, const char *method)
{
    return strcmp(endpoint->method, method) == 0 ||
           (strcmp(endpoint->method, "GET") == 0 && strcmp(method, "HEAD") == 0);
}

const struct endpoint *endpoint_find(const struct path *path, const char *method,
                                     const char *parameters[], char allow[ALLOW_SIZE])
{
    const struct endpoint *found = NULL;
    size_t length = 0;

    allow[0] = '\0';
    for (size_t i = 0; i < ENDPOINTS_MAX; i++) {
        const struct endpoint *each = &endpoints[i];
        if (!path_matches(path, each->path, parameters))
            continue;
        length += (size_t)snprintf(allow + length, ALLOW_SIZE - length, "%s%s", each->method,
                                   strcmp(each->method, "GET") == 0 ? ", HEAD, " : ", ");
        if (is_for(each, method))
            found = each;
    }
    if (length > 0)
        snprintf(allow + length, ALLOW_SIZE - length, "OPTIONS");
    return found;
}
