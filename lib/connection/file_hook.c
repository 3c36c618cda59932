/* SPDX-License-Identifier: MIT */
#include "connection/file_hook.h"

bool file_hook_put(struct file_hook *hook, sqlite3_file *file)
{
    if (!file || file->pMethods == &hook->methods || file->pMethods->iVersion < 3)
        return false;
    hook->real = file->pMethods;
    hook->methods = *file->pMethods;
    hook->self = hook;
    file->pMethods = &hook->methods;
    return true;
}

struct file_hook *file_hook_of(sqlite3_file *file)
{
    return ((const struct file_hook *)file->pMethods)->self;
}
