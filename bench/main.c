/* SPDX-License-Identifier: MIT */
/*
 * Measures how fast keyward deletes, beside the floor (the same by hand with SQLite, and the disk's
 * own flush) and, if asked to, over HTTP and beside PostgreSQL and Redis. Every case checks in the
 * files what it has done; the exit status is that of the check.
 */
#include "cases.h"
#include "chart.h"
#include "fail.h"
#include "json.h"
#include "machine.h"
#include "report.h"
#include "settings.h"

#include <keyward/keyward.h>

#include <errno.h>
#include <getopt.h>
#include <sodium.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct settings settings = {
    .seed = 1,
    .keys = 100000,
    .list_deleted = 100000,
    .rounds = 5,
    .slice_seconds = 0.25,
    .parent_folder = KEYWARD_BENCH_FOLDER,
#if defined(KEYWARD_BENCH_HTTP_SERVER)
    .http_server = KEYWARD_BENCH_HTTP_SERVER,
#endif
};

static const char usage[] =
    "usage: keyward-bench [options]\n"
    "  --full           growth to 10,000,000 keys as well (takes long and some 15 GB)\n"
    "  --http           the example's HTTP server as well, beside the library in as many threads\n"
    "  --server PROGRAM the HTTP server to measure, if not the one of this build\n"
    "  --peers          PostgreSQL and Redis as well, each started in a private folder\n"
    "  --quick          small counts, a few seconds: shows that it works, not how fast\n"
    "  --rounds N       slices of time a case, 1 to 32 (5); the median counts\n"
    "  --seed N         of the order in which keys are deleted (1)\n"
    "  --folder FOLDER  where the stores lie, on the disk to be measured\n"
    "  --json FILE      write the results as JSON\n"
    "  --svg FILE       draw the throughput of deletion\n";

static const struct option options[] = {
    {"full", no_argument, NULL, 'f'},       {"peers", no_argument, NULL, 'p'},
    {"http", no_argument, NULL, 'w'},       {"server", required_argument, NULL, 'W'},
    {"quick", no_argument, NULL, 'q'},      {"rounds", required_argument, NULL, 'r'},
    {"seed", required_argument, NULL, 's'}, {"folder", required_argument, NULL, 'd'},
    {"json", required_argument, NULL, 'j'}, {"svg", required_argument, NULL, 'v'},
    {"help", no_argument, NULL, 'h'},       {NULL, 0, NULL, 0},
};

static void be_quick(void)
{
    settings.keys = 4000;
    settings.list_deleted = 2000;
    settings.rounds = 1;
    settings.slice_seconds = 0.03;
}

static unsigned long long number(const char *text, unsigned long long least,
                                 unsigned long long most)
{
    char *end;
    unsigned long long value;

    errno = 0;
    value = strtoull(text, &end, 10);
    if (errno || end == text || *end || *text == '-' || value < least || value > most)
        die("'%s' is not a number from %llu to %llu", text, least, most);
    return value;
}

static void apply(int option)
{
    switch (option) {
    case 'f':
        settings.full = true;
        break;
    case 'p':
        settings.peers = true;
        break;
    case 'w':
        settings.http = true;
        break;
    case 'W':
        settings.http_server = optarg;
        break;
    case 'q':
        be_quick();
        break;
    case 'r':
        settings.rounds = (unsigned)number(optarg, 1, CONTEST_ROUNDS_MAX);
        break;
    case 's':
        settings.seed = number(optarg, 0, UINT32_MAX);
        break;
    case 'd':
        settings.parent_folder = optarg;
        break;
    case 'j':
        settings.json_path = optarg;
        break;
    case 'v':
        settings.svg_path = optarg;
        break;
    default:
        fputs(usage, option == 'h' ? stdout : stderr);
        exit(option == 'h' ? EXIT_SUCCESS : 2);
    }
}

static void read_options(int count, char **arguments)
{
    int option;

    while ((option = getopt_long(count, arguments, "", options, NULL)) != -1)
        apply(option);
    if (optind < count)
        apply('?');
}

static void introduce(void)
{
    char cpu[MACHINE_TEXT_SIZE], kernel[MACHINE_TEXT_SIZE], files[MACHINE_TEXT_SIZE];
    char keys[COUNT_TEXT_SIZE];

    machine_cpu(cpu);
    machine_kernel(kernel);
    machine_file_system(folder_path(), files);
    printf("%s, %u cores; %s; %s; SQLite %s; libsodium %s\n", cpu, machine_cores(), kernel, files,
           sqlite3_libversion(), sodium_version_string());
    printf("keyward %s; seed %llu; %s keys, %d a repository; %u rounds of %.0f ms a contender, in "
           "turn; medians\n",
           keyward_version(), (unsigned long long)settings.seed,
           count_text((double)settings.keys, keys), DATASET_KEYS_A_REPO, settings.rounds,
           settings.slice_seconds * 1000);
    fflush(stdout);
    if (strcmp(files, "tmpfs") == 0 || strcmp(files, "ramfs") == 0)
        fprintf(stderr,
                "keyward-bench: warning: %s is in memory, where a flush costs nothing; "
                "choose a disk with --folder\n",
                folder_path());
}

int main(int count, char **arguments)
{
    struct fixture fixture;

    read_options(count, arguments);
    if (sodium_init() < 0)
        die("libsodium does not start");
    if (settings.http)
        http_require();
    if (settings.peers)
        peers_require();
    catch_interrupts();
    folder_make(settings.parent_folder);
    introduce();

    fixture_fill(&fixture, "all", settings.keys, settings.keys);
    cases_floor(&fixture);
    cases_delete(&fixture);
    cases_pages(&fixture);
    cases_processes(&fixture);
    cases_authenticate(&fixture);
    cases_list();
    cases_growth(&fixture);
    if (settings.http)
        cases_http(&fixture);
    if (settings.peers)
        cases_peers(&fixture);
    fixture_free(&fixture);

    puts("\nEvery deletion that was acknowledged is in its file, with its event.");
    if (settings.json_path)
        json_write(settings.json_path);
    if (settings.svg_path)
        chart_write(settings.svg_path);
    return EXIT_SUCCESS;
}
