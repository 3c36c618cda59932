#!/bin/sh
# SPDX-License-Identifier: MIT
# No code keeps state that stores would share, but for the thread-local error record.
#   no_shared_state.sh STATIC-LIBRARY
set -eu
export LC_ALL=C

# .data.rel.ro holds constants with addresses in them; .tdata and .tbss are one a thread.
state=$(nm --format=sysv "$1" | awk -F '|' '
    { gsub(/ /, "", $1); gsub(/ /, "", $7) }
    $7 ~ /^\.data\.rel\.ro/ { next }
    $7 ~ /^\.t(data|bss)/ && $1 == "thread_error" { next }
    $7 ~ /^\.t?(data|bss)/ || $7 == "*COM*" { print $1 }')
if [ -n "$state" ]; then
    printf 'global state that can be written:\n%s\n' "$state" >&2
    exit 1
fi
