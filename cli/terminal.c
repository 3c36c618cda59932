/* SPDX-License-Identifier: MIT */
#include "terminal.h"

#include "failure.h"
#include "memory.h"
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

/* The signals that could leave the terminal without echo. */
static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGTTIN, SIGTTOU};
#define SIGNALS (sizeof signals / sizeof *signals)

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

static void catch_signals(struct sigaction before[SIGNALS])
{
    struct sigaction action = {.sa_handler = note}; /* no SA_RESTART: read() returns */

    sigemptyset(&action.sa_mask);
    came = 0;
    for (size_t i = 0; i < SIGNALS; i++)
        sigaction(signals[i], &action, &before[i]);
}

static void release_signals(const struct sigaction before[SIGNALS])
{
    for (size_t i = 0; i < SIGNALS; i++)
        sigaction(signals[i], &before[i], NULL);
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

/* The kernel's own line editing holds 4 KiB at most and drops the rest without a word, so without
 * echo the few keys that matter are handled here. */
static enum typed read_line(int fd, const struct termios *before, struct secret_buffer *line)
{
    char letter = 0;

    for (line->length = 0; line->length < SECRET_BUFFER_SIZE - 1;) {
        ssize_t got = read(fd, &letter, 1);
        if (got < 0 && errno == EINTR && came)
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

static enum typed ask_once(int fd, const char *prompt, bool echo, struct secret_buffer *line)
{
    struct sigaction before[SIGNALS];
    struct termios shown, hidden;
    enum typed typed;

    catch_signals(before);
    if (tcgetattr(fd, &shown) != 0) {
        release_signals(before);
        return TYPED_END;
    }
    hidden = shown;
    if (!echo) {
        hidden.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON);
        hidden.c_cc[VMIN] = 1;
        hidden.c_cc[VTIME] = 0;
    }
    while (tcsetattr(fd, TCSAFLUSH, &hidden) != 0 && errno == EINTR && !came)
        continue;
    say(fd, prompt);
    typed = came ? TYPED_SIGNAL : read_line(fd, &shown, line);
    if (!echo || typed != TYPED_LINE)
        say(fd, "\n");
    while (tcsetattr(fd, TCSAFLUSH, &shown) != 0 && errno == EINTR)
        continue;
    release_signals(before);
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
