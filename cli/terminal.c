/* SPDX-License-Identifier: MIT */
#include "terminal.h"

#include "failure.h"
#include "memory.h"
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <termios.h>
#include <unistd.h>

/* The signals that could leave the terminal without echo. The last two come from this program's own
 * calls on a terminal that it is in the background of; the others come at any time. */
static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGTTIN, SIGTTOU};
#define SIGNALS (sizeof signals / sizeof *signals)
#define SIGNALS_ANY_TIME (SIGNALS - 2)

/* How signals were handled before, and which get through while a letter is waited for. */
struct watch {
    struct sigaction before[SIGNALS];
    sigset_t mask, open;
};

static volatile sig_atomic_t came; /* one of them */

enum typed { TYPED_LINE, TYPED_END, TYPED_TOO_MUCH, TYPED_SIGNAL };

bool terminal_is(int fd)
{
    return isatty(fd) == 1;
}

size_t terminal_width(int fd)
{
    struct winsize size;

    if (!terminal_is(fd))
        return 0;
    return ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

static void note(int number)
{
    came = number;
}

/* Those that come at any time are held back but while a letter is waited for, or one that comes
 * just before that would not end the wait. */
static void catch_signals(struct watch *watch)
{
    struct sigaction action = {.sa_handler = note}; /* no SA_RESTART: a wait ends */
    sigset_t held;

    sigemptyset(&action.sa_mask);
    sigemptyset(&held);
    came = 0;
    for (size_t i = 0; i < SIGNALS_ANY_TIME; i++)
        sigaddset(&held, signals[i]);
    sigprocmask(SIG_BLOCK, &held, &watch->mask);
    watch->open = watch->mask;
    for (size_t i = 0; i < SIGNALS; i++) {
        sigdelset(&watch->open, signals[i]);
        sigaction(signals[i], &action, &watch->before[i]);
    }
}

static void release_signals(const struct watch *watch)
{
    for (size_t i = 0; i < SIGNALS; i++)
        sigaction(signals[i], &watch->before[i], NULL);
    sigprocmask(SIG_SETMASK, &watch->mask, NULL);
}

static void say(int fd, const char *text)
{
    size_t length = strlen(text);

    while (length > 0) {
        ssize_t written = write(fd, text, length);
        if (written < 0)
            break; /* the read that follows meets the same terminal, and reports it */
        text += written;
        length -= (size_t)written;
    }
}

/* Takes back one letter, which may be several bytes. */
static void erase_letter(struct secret_buffer *line)
{
    while (line->length > 0 && ((unsigned char)line->text[line->length - 1] & 0xC0) == 0x80)
        line->length--;
    if (line->length > 0)
        line->length--;
}

/* Waits for a letter while signals get through; less than 0: it was one. */
static int wait_for_letter(int fd, const sigset_t *open)
{
#ifdef __linux__
    struct pollfd terminal = {.fd = fd, .events = POLLIN};

    return ppoll(&terminal, 1, NULL, open);
#else
    fd_set readable; /* a program that has just begun has no descriptor beyond its size */

    FD_ZERO(&readable);
    FD_SET(fd, &readable);
    return pselect(fd + 1, &readable, NULL, NULL, NULL, open);
#endif
}

static ssize_t read_letter(int fd, const sigset_t *open, char *letter)
{
    return wait_for_letter(fd, open) < 0 ? -1 : read(fd, letter, 1);
}

/* The kernel's own line editing holds 4 KiB at most and drops the rest without a word, so without
 * echo the few keys that matter are handled here. */
static enum typed read_line(int fd, const struct termios *before, const struct watch *watch,
                            struct secret_buffer *line)
{
    char letter = 0;

    for (line->length = 0; line->length < SECRET_BUFFER_SIZE - 1;) {
        ssize_t got = read_letter(fd, &watch->open, &letter);
        if (came)
            return TYPED_SIGNAL;
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0 || ((cc_t)letter == before->c_cc[VEOF] && line->length == 0))
            return TYPED_END;
        if (letter == '\n' || letter == '\r')
            return TYPED_LINE;
        if ((cc_t)letter == before->c_cc[VERASE] || letter == '\b' || letter == 0x7f)
            erase_letter(line);
        else if ((cc_t)letter == before->c_cc[VKILL])
            line->length = 0;
        else
            line->text[line->length++] = letter;
    }
    return TYPED_TOO_MUCH;
}

/* Tries again until it is done; not in the background, where it never would be. */
static void set_state(int fd, const struct termios *state)
{
    while (tcsetattr(fd, TCSAFLUSH, state) != 0 && errno == EINTR && came != SIGTTOU)
        continue;
}

static enum typed ask_once(int fd, const char *prompt, bool echo, struct secret_buffer *line)
{
    struct watch watch;
    struct termios shown, hidden;
    enum typed typed = TYPED_END;

    catch_signals(&watch);
    if (tcgetattr(fd, &shown) == 0) {
        hidden = shown;
        if (!echo) {
            hidden.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON);
            hidden.c_cc[VMIN] = 1;
            hidden.c_cc[VTIME] = 0;
        }
        set_state(fd, &hidden);
        if (!came)
            say(fd, prompt);
        typed = came ? TYPED_SIGNAL : read_line(fd, &shown, &watch, line);
        if (!echo || typed != TYPED_LINE)
            say(fd, "\n");
        set_state(fd, &shown);
    }
    release_signals(&watch);
    return typed;
}

/* Does what the signal would have done; comes back when that was to stop for a while. */
static bool follow_signal(int number)
{
    bool stops = number == SIGTSTP || number == SIGTTIN || number == SIGTTOU;

    if (!stops)
        secret_buffers_wipe();
    kill(getpid(), number);
    return stops;
}

enum keyward_status terminal_ask(const char *prompt, bool echo, struct secret_buffer *line)
{
    int fd = open("/dev/tty", O_RDWR | O_CLOEXEC);
    char *visible = text_visible(prompt);
    enum typed typed = TYPED_SIGNAL;
    bool again = fd >= 0;

    while (again) {
        typed = ask_once(fd, visible, echo, line);
        again = typed == TYPED_SIGNAL && follow_signal(came);
    }
    free(visible);
    if (fd < 0)
        return fail_usage("there is no terminal to ask on; give it in a file, a descriptor or "
                          "standard input");
    close(fd);
    line->text[line->length] = '\0';
    if (typed == TYPED_TOO_MUCH)
        return fail(KEYWARD_INVALID, "more than %d bytes were typed", KEYWARD_SECRET_MAX);
    return typed == TYPED_LINE ? KEYWARD_OK : fail(KEYWARD_CANCELLED, "nothing was typed");
}
