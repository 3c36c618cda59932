/* SPDX-License-Identifier: MIT */
/*
 * Runs a fuzzer's entry over files and the files of folders, in memory of exactly their size.
 *   fuzz_NAME_replay FILE-OR-FOLDER...
 * Fails where they lead a fuzzer nowhere.
 */
#include "fuzz/target.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

static int files;

static bool run_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    uint8_t *bytes = NULL;
    long size = -1;
    bool read = false;

    if (file && fseek(file, 0, SEEK_END) == 0)
        size = ftell(file);
    if (size >= 0)
        bytes = malloc(size > 0 ? (size_t)size : 1);
    if (bytes) {
        rewind(file);
        read = fread(bytes, 1, (size_t)size, file) == (size_t)size;
    }
    if (read)
        LLVMFuzzerTestOneInput(bytes, (size_t)size);
    else
        fprintf(stderr, "%s: cannot be read\n", path);
    free(bytes);
    if (file)
        fclose(file);
    files += read;
    return read;
}

static bool run_folder(DIR *folder, const char *name)
{
    const struct dirent *entry;
    bool is_good = true;

    while (is_good && (entry = readdir(folder))) {
        char path[4096];
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%s/%s", name, entry->d_name);
        is_good = run_file(path);
    }
    closedir(folder);
    return is_good;
}

static bool run_argument(const char *path)
{
    DIR *folder = opendir(path);

    return folder ? run_folder(folder, path) : run_file(path);
}

/* An input may lead the program to another folder: whole paths stay good. */
int main(int argc, char **argv)
{
    bool is_good = argc > 1;

    for (int i = 1; i < argc; i++)
        argv[i] = realpath(argv[i], NULL);
    for (int i = 1; i < argc && is_good; i++)
        is_good = argv[i] && run_argument(argv[i]);
    for (int i = 1; i < argc; i++)
        free(argv[i]);
    printf("%d files; ", files);
    return fuzz_account() && is_good && files > 0 ? 0 : 1;
}
