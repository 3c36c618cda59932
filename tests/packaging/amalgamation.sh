#!/bin/sh
# SPDX-License-Identifier: MIT
# keyward.c and keyward.h are all that a project needs to drop in: they name no other file of keyward,
# compile alone and without a warning, hide what is not public, and come out of any folder the same.
#   packaging/amalgamation.sh FOLDER-OF-BOTH SOURCE-FOLDER C-COMPILER...
set -eu
export LC_ALL=C
given=$(cd -- "$1" && pwd) source=$(cd -- "$2" && pwd)
shift 2
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
unset CFLAGS CPPFLAGS LDFLAGS

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd -- "$folder"

fail() {
    echo "amalgamation: $*" >&2
    exit 1
}

cp "$given/keyward.c" "$given/keyward.h" .
grep -h '^[[:space:]]*#[[:space:]]*include' keyward.c keyward.h | grep -v '<' | sort -u >included
[ "$(cat included)" = '#include "keyward.h"' ] || fail "it includes: $(tr '\n' ' ' <included)"
[ -z "$(sort keyward.c | grep '^#include' | uniq -d)" ] || fail 'it includes a header twice'

# All that keyward's own build has.
warnings=$(sed -n 's/^ *\(-W.*[a-z0-9]\)$/\1/p' "$source/cmake/Keyward.cmake")
[ -n "$warnings" ] || fail 'cmake/Keyward.cmake asks for no warnings'
sed 's,<keyward/keyward.h>,"keyward.h",' "$here/consumer/consumer.c" >main.c
for cc in "$@"; do
    for level in -O0 -O2; do
        # shellcheck disable=SC2086 # one word a flag
        "$cc" -std=c11 $level $warnings -Werror -c keyward.c || fail "$cc $level does not compile it"
        "$here/../static_names.sh" keyward.o keyward.h ||
            fail 'its functions are not those of the header, or not all others are static'
    done
    # As a project does that has no build system to speak of.
    "$cc" main.c keyward.c -lsqlite3 -lsodium -pthread -o main || fail "$cc does not link it"
    rm -rf empty
    mkdir empty
    (cd empty && ../main) || fail "a program with it exits with $?"
done

# From another folder, in another time zone and language.
mkdir -p elsewhere/sources
for part in CMakeLists.txt LICENSE cmake include lib schema; do
    cp -R "$source/$part" elsewhere/sources
done
{
    TZ=Asia/Kathmandu LC_ALL=C.UTF-8 cmake -S elsewhere/sources -B elsewhere/build \
        -DKEYWARD_TESTS=OFF -DKEYWARD_CLI=OFF -DKEYWARD_EXAMPLES=OFF -DKEYWARD_BENCH=OFF \
        -DKEYWARD_INSTALL=OFF &&
        TZ=Asia/Kathmandu cmake --build elsewhere/build --target keyward_amalgamation
} >log 2>&1 || fail "not made elsewhere: $(cat log)"
for file in keyward.c keyward.h; do
    cmp "$given/$file" "elsewhere/build/amalgamation/$file" || fail "$file is another elsewhere"
done
