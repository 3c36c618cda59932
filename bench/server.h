/* SPDX-License-Identifier: MIT */
#ifndef BENCH_SERVER_H
#define BENCH_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* As whom a server runs. */
enum server_user {
    SERVER_OWN,         /* as this program */
    SERVER_UNPRIVILEGED /* not as root: a database server refuses to be */
};

/* A server of this run's own: its data in the run's folder, its socket in a short-named private
 * folder, its process ended with the program's. */
struct server {
    enum server_user user;
    pid_t pid;
    int stop_signal;
    char data[1024];  /* on the measured disk */
    char socket[128]; /* a folder */
    char log[1024];
};

/* Finds an installed program by name, in the PATH or where one of the patterns (NULL ends them)
 * leads; false if there is none. */
bool server_find(const char *name, const char *const patterns[], char *path, size_t size);

/* Makes the folders. */
void server_prepare(struct server *server, const char *name, enum server_user user);

/* Runs a program to its end as the server's user; its failure ends this program. */
void server_run(const struct server *server, const char *const arguments[]);

void server_start(struct server *server, const char *const arguments[], int stop_signal);
void server_stop(struct server *server);

/* The rest of the first line of its log that begins with `prefix`; false if there is none yet. */
bool server_said(const struct server *server, const char *prefix, char *text, size_t size);

/* Fails the run if the server has ended, else waits a little: for loops that try to connect. */
void server_wait(struct server *server, int attempt);

#endif
