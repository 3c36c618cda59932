/* SPDX-License-Identifier: MIT */
#include "fuzz/place.h"

#include "fuzz/require.h"

#include <ftw.h>
#include <sodium.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

/* ---- files ---- */

static char folder[64];

static int remove_entry(const char *path, const struct stat *about, int type, struct FTW *where)
{
    (void)about;
    (void)type;
    if (where->level > 0)
        remove(path);
    return 0;
}

void place_empty(const char *path)
{
    nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

static void remove_folder(void)
{
    place_empty(folder);
    rmdir(folder);
}

const char *place_folder(void)
{
    if (folder[0] == '\0') {
        snprintf(folder, sizeof folder, "%s/keyward-fuzz-XXXXXX",
                 access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
        REQUIRE(mkdtemp(folder));
        atexit(remove_folder);
    }
    return folder;
}

void place_write(const char *path, const void *bytes, size_t length)
{
    FILE *file = fopen(path, "wb");

    REQUIRE(file && fwrite(bytes, 1, length, file) == length && fclose(file) == 0);
}

unsigned char *place_read(const char *path, size_t *length)
{
    FILE *file = fopen(path, "rb");
    unsigned char *bytes;
    long size;

    REQUIRE(file && fseek(file, 0, SEEK_END) == 0);
    size = ftell(file);
    REQUIRE(size >= 0 && fseek(file, 0, SEEK_SET) == 0);
    *length = (size_t)size;
    bytes = malloc(*length + 1);
    REQUIRE(bytes && fread(bytes, 1, *length, file) == *length);
    fclose(file);
    return bytes;
}

void place_remove_store(const char *path)
{
    static const char *const suffixes[] = {"", "-wal", "-shm"};
    char name[160];

    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        snprintf(name, sizeof name, "%s%s", path, suffixes[i]);
        unlink(name);
    }
}

/* ---- randomness ---- */

static unsigned chosen_seed;
static atomic_ulong drawn;

static void draw(void *const buffer, const size_t length)
{
    unsigned char seed[randombytes_SEEDBYTES] = {0};
    unsigned long number = atomic_fetch_add(&drawn, 1);

    memcpy(seed, &chosen_seed, sizeof chosen_seed);
    memcpy(seed + sizeof chosen_seed, &number, sizeof number);
    randombytes_buf_deterministic(buffer, length, seed);
}

static uint32_t draw_number(void)
{
    uint32_t number;

    draw(&number, sizeof number);
    return number;
}

static const char *name(void)
{
    return "a sequence";
}

static randombytes_implementation sequence = {
    .implementation_name = name, .random = draw_number, .buf = draw};

void place_seed(unsigned seed)
{
    chosen_seed = seed;
    atomic_store(&drawn, 0);
    randombytes_set_implementation(&sequence);
}
