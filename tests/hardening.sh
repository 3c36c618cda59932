#!/bin/sh
# SPDX-License-Identifier: MIT
# What is built is hardened as cmake/Harden.cmake means it: guards around stacks and buffers, a
# stack that is not executable, tables of functions that are read-only, a position of its own choice.
#   hardening.sh LIBRARY-OR-PROGRAM...
set -eu
export LC_ALL=C
wrong=0

require() { # require FILE WHAT PATTERN READELF-OPTION
    readelf "$4" -W "$1" | grep -Eq "$3" && return
    echo "$(basename "$1"): $2" >&2
    wrong=1
}

for file in "$@"; do
    require "$file" 'no guard behind the arrays on a stack' ' __stack_chk_fail' --dyn-syms
    if readelf --dynamic -W "$file" | grep -q 'NEEDED.*\[libc\.so\.6\]'; then # musl has none
        require "$file" 'no functions that know the size of a buffer' ' __[a-z]+_chk(@|$)' --dyn-syms
    fi
    require "$file" 'the stack is executable' 'GNU_STACK.* RW ' --program-headers
    require "$file" 'no part that becomes read-only' 'GNU_RELRO' --program-headers
    require "$file" 'functions are looked up late, in a table that stays writable' \
        'BIND_NOW|Flags:.* NOW' --dynamic
    require "$file" 'stands at a fixed address' 'Type: +DYN' --file-header
done
exit $wrong
