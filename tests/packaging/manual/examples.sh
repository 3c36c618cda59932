#!/bin/sh
# SPDX-License-Identifier: MIT
# Each example of the manual that includes a header compiles, and each that is a program runs, in an
# empty folder.
#   CC=... examples.sh MAN-FOLDER INCLUDE-FOLDER LIBRARY-FOLDER
set -eu
manual=$1 include=$2 library=$(cd -- "$3" && pwd)

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

fail() {
    echo "manual: $*" >&2
    exit 1
}

# PAGE-NUMBER.c for each; \e stands for a backslash, \(aq for an apostrophe.
awk -v folder="$folder" '
    FNR == 1 { page = FILENAME; sub(/.*\//, "", page); number = section = 0 }
    /^\.Sh / { section = $2 }
    section == "EXAMPLES" && /^\.Bd -literal/ { within = 1; next }
    /^\.Ed/ { within = 0; if (file) close(file); file = "" }
    within && !file && /^#include/ { file = folder "/" page "-" ++number ".c" }
    within && file {
        gsub(/\\e/, "\\")
        gsub(/\\\(aq/, "\047")
        print >file
    }' "$manual"/*.3
[ -f "$folder/keyward.3-1.c" ] || fail 'keyward.3 has no example'

for example in "$folder"/*.c; do
    name=$(basename "$example" .c)
    set -- -c -o "$folder/$name.o"
    if grep -q '^int main' "$example"; then
        set -- -o "$folder/$name" -L "$library" "-Wl,-rpath,$library" -lkeyward
    fi
    "${CC:-cc}" -std=c11 -Wall -Wextra -Werror -I "$include" "$example" "$@" ||
        fail "the example $name does not compile"
    if [ -x "$folder/$name" ]; then
        mkdir "$folder/empty"
        (cd "$folder/empty" && "$folder/$name") || fail "the example $name exits with $?"
        rm -r "$folder/empty"
    fi
done
