#!/bin/sh
# SPDX-License-Identifier: MIT
# The library keeps what the header promises: it never prints, exits, aborts, starts a thread or
# reads the environment; nor does it touch what a whole process shares. What it does not name it
# cannot call.
#   no_side_effects.sh STATIC-LIBRARY
set -eu

# __stack_chk_fail is not here: hardened compilers add it to any code.
forbidden='
    printf vprintf fprintf vfprintf dprintf vdprintf wprintf fwprintf puts fputs putc fputc putchar
    fwrite perror psignal syslog vsyslog stdout stderr
    exit quick_exit Exit abort assert_fail raise kill tgkill longjmp
    getenv secure_getenv setenv putenv unsetenv clearenv environ
    pthread_create thrd_create fork vfork system popen posix_spawn posix_spawnp
    execv execve execvp execvpe execl execle execlp fexecve
    signal sigaction sigprocmask pthread_sigmask atexit on_exit setlocale chdir fchdir umask'

names=$(nm -u "$1" | awk '$1 == "U" || $1 == "w" { print $2 }' | sort -u)
[ -n "$names" ] || {
    echo "$1 names nothing: not a library?" >&2
    exit 1
}

# As in __printf_chk, _exit and fputs_unlocked, where a name stands for another.
found=$(
    for name in $names; do
        plain=$(echo "$name" | sed -e 's/@.*//' -e 's/^_*//' -e 's/_chk$//' -e 's/_unlocked$//')
        for bad in $forbidden; do
            [ "$plain" != "$bad" ] || echo "$name"
        done
    done
)
[ -z "$found" ] || {
    printf 'the library calls:\n%s\n' "$found" >&2
    exit 1
}
