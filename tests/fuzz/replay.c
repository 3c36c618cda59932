/* SPDX-License-Identifier: MIT */
/*
 * Runs a fuzzer's entry over the files of a folder, in memory of exactly their size.
 *   fuzz_receipt_replay FOLDER
 * Fails where the folder has none, or none that holds: such a corpus leads a fuzzer nowhere.
 */
#include "fuzz/verify_receipt.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
    free(bytes);
    if (file)
        fclose(file);
    return read;
}

int main(int argc, char **argv)
{
    DIR *folder = argc == 2 ? opendir(argv[1]) : NULL;
    const struct dirent *entry;
    int files = 0;

    if (!folder)
        return 2;
    while ((entry = readdir(folder))) {
        char path[4096];
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%s/%s", argv[1], entry->d_name);
        if (!run_file(path)) {
            fprintf(stderr, "%s: cannot be read\n", path);
            return 1;
        }
        files++;
    }
    closedir(folder);
    printf("%d files; held: %zu receipts, %zu proofs, %zu old checkpoints, %zu keys\n", files,
           fuzz_held.receipts, fuzz_held.proofs, fuzz_held.old_checkpoints, fuzz_held.keys);
    return fuzz_held.receipts > 0 && fuzz_held.proofs > 0 && fuzz_held.old_checkpoints > 0 &&
                   fuzz_held.keys > 0
               ? 0
               : 1;
}
