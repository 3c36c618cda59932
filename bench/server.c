/* SPDX-License-Identifier: MIT */
#include "server.h"

#include "fail.h"
#include "folder.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#if defined(__linux__)
#include <sys/prctl.h>
#endif

#define SERVERS_MAX 4
#define ARGUMENTS_MAX 32
#define ATTEMPTS_MAX 300 /* of 100 ms */

static struct server *started[SERVERS_MAX];
static char socket_folders[SERVERS_MAX][128];
static size_t socket_folders_count;

/* ---- what is installed ---- */

static bool find_in_path(const char *name, char *path, size_t size)
{
    const char *folders = getenv("PATH");

    for (const char *folder = folders; folder && *folder;) {
        int length = (int)strcspn(folder, ":");
        snprintf(path, size, "%.*s/%s", length, folder, name);
        if (access(path, X_OK) == 0)
            return true;
        folder += length + (folder[length] == ':');
    }
    return false;
}

bool server_find(const char *name, const char *const patterns[], char *path, size_t size)
{
    bool found = find_in_path(name, path, size);
    char pattern[256];
    glob_t matches;

    for (size_t i = 0; !found && patterns[i]; i++) {
        snprintf(pattern, sizeof pattern, "%s/%s", patterns[i], name);
        if (glob(pattern, 0, NULL, &matches) == 0 && matches.gl_pathc > 0) {
            snprintf(path, size, "%s", matches.gl_pathv[matches.gl_pathc - 1]);
            found = true;
        }
        globfree(&matches);
    }
    return found;
}

/* ---- whose process it is ---- */

static const struct passwd *unprivileged(void)
{
    static const char *const names[] = {"postgres", "nobody"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const struct passwd *user = getpwnam(names[i]);
        if (user)
            return user;
    }
    die("there is no user 'postgres' or 'nobody' to run a server as");
}

/* NULL: as this program. */
static const struct passwd *user_of(const struct server *server)
{
    return server->user == SERVER_UNPRIVILEGED && geteuid() == 0 ? unprivileged() : NULL;
}

static void give_away(const struct server *server, const char *path)
{
    const struct passwd *user = user_of(server);

    if (user && chown(path, user->pw_uid, user->pw_gid) != 0)
        die("%s: %s", path, strerror(errno));
}

/* execvp() wants strings that it might change, though it does not. */
static void execute(const char *const arguments[])
{
    char *copies[ARGUMENTS_MAX + 1] = {NULL};

    for (size_t i = 0; i < ARGUMENTS_MAX && arguments[i]; i++)
        copies[i] = strdup(arguments[i]);
    execvp(copies[0], copies);
}

/* In the child: never returns. */
static void become(const struct server *server, const char *const arguments[])
{
    const struct passwd *user = user_of(server);
    int log = open(server->log, O_WRONLY | O_CREAT | O_APPEND, 0600);

    if (log < 0 || dup2(log, STDOUT_FILENO) < 0 || dup2(log, STDERR_FILENO) < 0)
        _exit(126);
    if (user && (setgroups(0, NULL) != 0 || setgid(user->pw_gid) != 0 || setuid(user->pw_uid) != 0))
        _exit(126);
#if defined(__linux__)
    prctl(PR_SET_PDEATHSIG, SIGINT);
#endif
    signal(SIGPIPE, SIG_DFL);
    if (chdir(server->data) != 0)
        fprintf(stderr, "user %u cannot reach %s: choose another --folder\n", (unsigned)getuid(),
                server->data);
    else
        execute(arguments);
    fprintf(stderr, "%s: %s\n", arguments[0], strerror(errno));
    _exit(127);
}

static pid_t spawn(const struct server *server, const char *const arguments[])
{
    pid_t pid;

    fflush(NULL);
    pid = fork();
    if (pid < 0)
        die("no process can be started");
    if (pid == 0) {
        setpgid(0, 0); /* an interrupt at the terminal is for this program to pass on */
        become(server, arguments);
    }
    return pid;
}

static void show_log(const struct server *server)
{
    FILE *log = fopen(server->log, "r");
    char line[512];

    while (log && fgets(line, sizeof line, log))
        fputs(line, stderr);
    if (log)
        fclose(log);
}

/* ---- from start to stop ---- */

static void clean_up(void)
{
    for (size_t i = 0; i < SERVERS_MAX; i++)
        if (started[i])
            server_stop(started[i]);
    for (size_t i = 0; i < socket_folders_count; i++)
        folder_remove(socket_folders[i]);
}

static void clean_up_at_exit(void)
{
    static bool registered;

    if (!registered)
        atexit(clean_up);
    registered = true;
}

void server_prepare(struct server *server, const char *name, enum server_user user)
{
    char file[64];

    *server = (struct server){.user = user};
    clean_up_at_exit();
    folder_file(name, server->data);
    snprintf(file, sizeof file, "%s.log", name);
    folder_file(file, server->log);
    snprintf(server->socket, sizeof server->socket, "/tmp/keyward-bench-XXXXXX");
    if (mkdir(server->data, 0700) != 0 || !mkdtemp(server->socket))
        die("%s: its folders cannot be made", name);
    if (socket_folders_count == SERVERS_MAX)
        die("too many servers");
    strcpy(socket_folders[socket_folders_count++], server->socket);
    chmod(folder_path(), 0711); /* to pass, not to look around */
    give_away(server, server->data);
    give_away(server, server->socket);
}

void server_run(const struct server *server, const char *const arguments[])
{
    pid_t pid = spawn(server, arguments);
    int status;

    if (waitpid(pid, &status, 0) < 0 || status != 0) {
        show_log(server);
        die("%s failed", arguments[0]);
    }
}

void server_start(struct server *server, const char *const arguments[], int stop_signal)
{
    size_t place = 0;

    while (place < SERVERS_MAX && started[place])
        place++;
    if (place == SERVERS_MAX)
        die("too many servers");
    server->pid = spawn(server, arguments);
    server->stop_signal = stop_signal;
    started[place] = server;
}

bool server_said(const struct server *server, const char *prefix, char *text, size_t size)
{
    FILE *log = fopen(server->log, "r");
    bool found = false;
    char line[512];

    while (log && !found && fgets(line, sizeof line, log)) {
        size_t length = strlen(prefix), end = strcspn(line, "\n");
        found = line[end] == '\n' && strncmp(line, prefix, length) == 0;
        if (found)
            snprintf(text, size, "%.*s", (int)(end - length), line + length);
    }
    if (log)
        fclose(log);
    return found;
}

void server_wait(struct server *server, int attempt)
{
    const struct timespec while_it_starts = {.tv_nsec = 100000000};
    int status;

    stop_if_interrupted();
    if (waitpid(server->pid, &status, WNOHANG) != 0 || attempt >= ATTEMPTS_MAX) {
        show_log(server);
        die("the server does not start");
    }
    nanosleep(&while_it_starts, NULL);
}

void server_stop(struct server *server)
{
    for (size_t i = 0; i < SERVERS_MAX; i++)
        if (started[i] == server)
            started[i] = NULL;
    kill(server->pid, server->stop_signal);
    waitpid(server->pid, NULL, 0);
    server->pid = 0;
}
