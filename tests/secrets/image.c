/* SPDX-License-Identifier: MIT */
#include "secrets/image.h"

#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAGE 4096
#define PAGES_AT_ONCE 4096

/* ---- memory ---- */

struct process {
    int memory, pages;            /* its mem and its pagemap */
    uint64_t page[PAGES_AT_ONCE]; /* of these, from the first one on */
    size_t first_page;
    unsigned char *bytes;
    size_t size; /* that `bytes` has room for */
    image_visit *visit;
    void *context;
};

/* A page that is neither in memory nor in swap was never written. */
static bool has_page(struct process *process, unsigned long address)
{
    size_t number = address / PAGE;

    if (number < process->first_page || number >= process->first_page + PAGES_AT_ONCE) {
        memset(process->page, 0, sizeof process->page);
        process->first_page = number;
        ck_assert_int_gt(pread(process->pages, process->page, sizeof process->page,
                               (off_t)(number * sizeof *process->page)),
                         0);
    }
    return process->page[number - process->first_page] >> 62 != 0;
}

/* Visits what is there of a mapping between two pages that are not. */
static size_t visit_pages(struct process *process, const struct piece *mapping, size_t from,
                          size_t to)
{
    struct piece piece = *mapping;
    ssize_t got;

    piece.address += from;
    piece.size = to - from;
    if (piece.size > process->size) {
        free(process->bytes);
        process->bytes = malloc(piece.size);
        ck_assert_ptr_nonnull(process->bytes);
        process->size = piece.size;
    }
    got = pread(process->memory, process->bytes, piece.size, (off_t)piece.address);
    ck_assert_msg(got == (ssize_t)piece.size, "%zd of %zu bytes of '%s' were read", got, piece.size,
                  piece.name);
    piece.bytes = process->bytes;
    process->visit(process->context, &piece);
    return piece.size;
}

static size_t visit_mapping(struct process *process, const struct piece *mapping)
{
    size_t size = 0, from = 0;

    if (mapping->name[0] == '[' && mapping->name[1] == 'v')
        return 0; /* the kernel's own: [vvar], [vdso], [vsyscall] */
    for (size_t at = 0; at < mapping->size; at += PAGE) {
        if (has_page(process, mapping->address + at))
            continue;
        if (from < at)
            size += visit_pages(process, mapping, from, at);
        from = at + PAGE;
    }
    if (from < mapping->size)
        size += visit_pages(process, mapping, from, mapping->size);
    return size;
}

/* The first line of each mapping in smaps; the others are "Name: value". */
static void parse_mapping(const char *line, struct piece *piece, char name[256])
{
    unsigned long begin, end;
    char protection[5];

    if (sscanf(line, "%lx-%lx %4s", &begin, &end, protection) < 3)
        return;
    name[0] = '\0';
    sscanf(line, "%*s %*s %*s %*s %*s %255[^\n]", name);
    piece->address = begin;
    piece->size = end - begin;
    piece->readable = protection[0] == 'r';
}

static int open_of(pid_t process, const char *name)
{
    char path[64];
    int fd;

    snprintf(path, sizeof path, "/proc/%d/%s", (int)process, name);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    ck_assert_msg(fd >= 0, "%s cannot be read: %s", path, strerror(errno));
    return fd;
}

size_t image_of_memory(pid_t process, image_visit *visit, void *context)
{
    struct process read = {
        .memory = open_of(process, "mem"),
        .pages = open_of(process, "pagemap"),
        .visit = visit,
        .context = context,
        .first_page = SIZE_MAX / 2,
    };
    FILE *mappings = fdopen(open_of(process, "smaps"), "r");
    char line[512], name[256];
    struct piece mapping = {.name = name};
    size_t size = 0;

    ck_assert_ptr_nonnull(mappings);
    while (fgets(line, sizeof line, mappings)) {
        parse_mapping(line, &mapping, name);
        if (strncmp(line, "VmFlags:", 8) == 0) { /* the last line of each */
            mapping.guarded = strstr(line, " dd") != NULL;
            size += visit_mapping(&read, &mapping);
        }
    }
    fclose(mappings);
    close(read.memory);
    close(read.pages);
    free(read.bytes);
    return size;
}

/* ---- files ---- */

static void visit_file(const char *path, const char *name, image_visit *visit, void *context)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat about;
    struct piece piece = {.name = name, .readable = true};
    unsigned char *bytes;

    if (fd < 0 || fstat(fd, &about) != 0 || !S_ISREG(about.st_mode)) {
        if (fd >= 0)
            close(fd);
        return; /* it went away, or is no file */
    }
    bytes = malloc((size_t)about.st_size + 1);
    ck_assert_ptr_nonnull(bytes);
    piece.bytes = bytes;
    for (ssize_t got = 1; got > 0 && piece.size < (size_t)about.st_size; piece.size += (size_t)got)
        got = pread(fd, bytes + piece.size, (size_t)about.st_size - piece.size, (off_t)piece.size);
    close(fd);
    visit(context, &piece);
    free(bytes);
}

void image_of_file(const char *path, image_visit *visit, void *context)
{
    visit_file(path, path, visit, context);
}

static size_t visit_folder(const char *folder, image_visit *visit, void *context)
{
    DIR *entries = opendir(folder);
    struct dirent *entry;
    char path[512];
    size_t count = 0;

    ck_assert_msg(entries != NULL, "%s cannot be read", folder);
    while ((entry = readdir(entries))) {
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        visit_file(path, entry->d_name, visit, context);
        count++;
    }
    closedir(entries);
    return count;
}

size_t image_of_files(pid_t process, const char *folder, image_visit *visit, void *context)
{
    char descriptors[64];
    size_t count = visit_folder(folder, visit, context);

    snprintf(descriptors, sizeof descriptors, "/proc/%d/fd", (int)process);
    return count + visit_folder(descriptors, visit, context);
}
