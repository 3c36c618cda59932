#!/bin/sh
# SPDX-License-Identifier: MIT
# The shared library exports the functions that the header declares KEYWARD_API and nothing else,
# and no code keeps state that stores would share, but for the thread-local error record.
#   exports.sh SHARED-LIBRARY STATIC-LIBRARY HEADER
set -eu
export LC_ALL=C
shared=$1 static=$2 header=$3
wrong=0

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

"$(dirname -- "$0")/declared.sh" "$header" >"$folder/declared"
# Absolute are the names of the versions in lib/keyward.map.
nm -D --defined-only "$shared" | awk '$2 != "A" { sub(/@.*/, "", $NF); print $NF }' |
    sort >"$folder/exported"

if ! diff "$folder/declared" "$folder/exported" >"$folder/difference"; then
    echo 'declared in the header (<) and exported by the library (>) differ:' >&2
    grep '^[<>]' "$folder/difference" >&2
    wrong=1
fi
if [ ! -s "$folder/declared" ]; then
    echo "no function is declared in $header" >&2
    wrong=1
fi

# .data.rel.ro holds constants with addresses in them; .tdata and .tbss are one a thread.
nm --format=sysv "$static" | awk -F '|' '
    { gsub(/ /, "", $1); gsub(/ /, "", $7) }
    $7 ~ /^\.data\.rel\.ro/ { next }
    $7 ~ /^\.t(data|bss)/ && $1 == "thread_error" { next }
    $7 ~ /^\.t?(data|bss)/ || $7 == "*COM*" { print $1 }' >"$folder/mutable"
if [ -s "$folder/mutable" ]; then
    echo 'global state that can be written:' >&2
    cat "$folder/mutable" >&2
    wrong=1
fi
exit $wrong
