/* SPDX-License-Identifier: MIT */
/*
 * The kernel resets a terminal when the leader of its session ends, so that nobody could see in
 * what state the program left it. The leader is therefore a process between: it starts the program,
 * waits for it, marks the end on the terminal, and stays until the test has looked.
 */
#include "support/dialog.h"

#include <errno.h>
#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define END "\001the end\001"

struct dialog {
    int master;
    int report; /* from the leader: the program's pid, then its wait status */
    int stay;   /* to the leader: closed, it ends */
    pid_t leader, program;
    char *screen;
    size_t length, room, expected; /* up to there all has been waited for */
};

static void redirect(const char *path, int target, int flags)
{
    int fd;

    if (!path)
        return;
    fd = open(path, flags | O_NOCTTY, 0600);
    if (fd < 0 || dup2(fd, target) != target)
        _exit(97);
    if (fd != target)
        close(fd);
}

static void become_program(const struct dialog_options *options)
{
    const char *arguments[64] = {KEYWARD_PROGRAM};
    sigset_t interrupt;

    for (size_t i = 0; options->arguments[i] && i < 62; i++)
        arguments[i + 1] = options->arguments[i];
    redirect(options->in, 0, O_RDONLY);
    redirect(options->out, 1, O_WRONLY | O_CREAT);
    redirect(options->err, 2, O_WRONLY | O_CREAT);
    for (int fd = 3; fd < 64; fd++)
        close(fd);
    signal(SIGINT, SIG_DFL);
    signal(SIGQUIT, SIG_DFL);
    signal(SIGPIPE, SIG_DFL);
    if (options->is_interrupted) {
        sigemptyset(&interrupt);
        sigaddset(&interrupt, SIGINT);
        sigprocmask(SIG_BLOCK, &interrupt, NULL);
        raise(SIGINT);
    }
    if (chdir(options->folder) == 0)
        execv(KEYWARD_PROGRAM, (char **)(void *)arguments);
    _exit(98);
}

static void set_environment(void)
{
    setenv("TZ", "UTC", 1);
    setenv("LC_ALL", "C.UTF-8", 1);
    setenv("TERM", "xterm", 1);
    unsetenv("NO_COLOR");
}

/* Never returns. */
static void lead(const struct dialog_options *options, int slave, int report, int stay)
{
    struct termios state;
    pid_t program;
    int status = 0;
    char nothing;

    setsid();
    if (ioctl(slave, TIOCSCTTY, 0) != 0)
        _exit(96);
    /* After a Ctrl-C the kernel drops what is on its way to the screen, be it written later. */
    if (tcgetattr(slave, &state) != 0)
        _exit(93);
    state.c_lflag |= NOFLSH;
    if (tcsetattr(slave, TCSANOW, &state) != 0)
        _exit(93);
    for (int fd = 0; fd < 3; fd++)
        dup2(slave, fd);
    set_environment();
    signal(SIGINT, SIG_IGN); /* Ctrl-C goes to all at the terminal */
    signal(SIGQUIT, SIG_IGN);
    program = fork();
    if (program == 0)
        become_program(options);
    if (write(report, &program, sizeof program) != sizeof program)
        _exit(95);
    while (waitpid(program, &status, 0) < 0 && errno == EINTR)
        continue;
    if (write(1, END, strlen(END)) < 0 || write(report, &status, sizeof status) < 0)
        _exit(94);
    while (read(stay, &nothing, 1) < 0 && errno == EINTR)
        continue;
    _exit(0);
}

static void keep_to_itself(int fd)
{
    ck_assert_int_eq(fcntl(fd, F_SETFD, FD_CLOEXEC), 0);
}

struct dialog *dialog_start(const struct dialog_options *options)
{
    struct dialog *dialog = calloc(1, sizeof *dialog);
    struct winsize size = {.ws_row = 24,
                           .ws_col = (unsigned short)(options->columns ? options->columns : 80)};
    int slave, report[2], stay[2];

    ck_assert_ptr_nonnull(dialog);
    ck_assert_int_eq(openpty(&dialog->master, &slave, NULL, NULL, &size), 0);
    ck_assert_int_eq(pipe2(report, O_CLOEXEC), 0);
    ck_assert_int_eq(pipe2(stay, O_CLOEXEC), 0);
    keep_to_itself(dialog->master);
    dialog->leader = fork();
    ck_assert_int_ge(dialog->leader, 0);
    if (dialog->leader == 0) {
        close(stay[1]);
        close(dialog->master);
        lead(options, slave, report[1], stay[0]);
    }
    close(slave);
    close(report[1]);
    close(stay[0]);
    dialog->report = report[0];
    dialog->stay = stay[1];
    ck_assert_int_eq(read(dialog->report, &dialog->program, sizeof dialog->program),
                     sizeof dialog->program);
    return dialog;
}

static void read_more(struct dialog *dialog, const char *wanted)
{
    ssize_t got;

    if (dialog->room - dialog->length < 4096) {
        dialog->room = dialog->room * 2 + 8192;
        dialog->screen = realloc(dialog->screen, dialog->room);
        ck_assert_ptr_nonnull(dialog->screen);
    }
    got = read(dialog->master, dialog->screen + dialog->length, dialog->room - dialog->length - 1);
    ck_assert_msg(got > 0, "the terminal ended before '%s' came; it shows '%s'", wanted,
                  dialog->screen);
    dialog->length += (size_t)got;
    dialog->screen[dialog->length] = '\0';
}

void dialog_expect(struct dialog *dialog, const char *wanted)
{
    char *found, *end;

    if (!dialog->screen)
        read_more(dialog, wanted);
    while (!(found = strstr(dialog->screen + dialog->expected, wanted))) {
        end = strstr(dialog->screen, END);
        ck_assert_msg(!end, "the program ended before '%s' came; the terminal shows '%s'", wanted,
                      dialog->screen);
        read_more(dialog, wanted);
    }
    dialog->expected = (size_t)(found - dialog->screen) + strlen(wanted);
}

void dialog_type(struct dialog *dialog, const char *typed)
{
    ck_assert_int_eq(write(dialog->master, typed, strlen(typed)), (ssize_t)strlen(typed));
}

bool dialog_echoes(struct dialog *dialog)
{
    struct termios state;

    ck_assert_int_eq(tcgetattr(dialog->master, &state), 0);
    return (state.c_lflag & ECHO) && (state.c_lflag & ICANON);
}

void dialog_signal(struct dialog *dialog, int number)
{
    ck_assert_int_eq(kill(dialog->program, number), 0);
}

int dialog_wait(struct dialog *dialog)
{
    int status;

    dialog_expect(dialog, END);
    dialog->screen[dialog->expected - strlen(END)] = '\0';
    ck_assert_int_eq(read(dialog->report, &status, sizeof status), sizeof status);
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

const char *dialog_screen(const struct dialog *dialog)
{
    return dialog->screen;
}

void dialog_free(struct dialog **dialog)
{
    close((*dialog)->stay);
    close((*dialog)->report);
    close((*dialog)->master);
    waitpid((*dialog)->leader, NULL, 0);
    free((*dialog)->screen);
    free(*dialog);
    *dialog = NULL;
}
