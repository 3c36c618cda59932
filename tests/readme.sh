#!/bin/sh
# SPDX-License-Identifier: MIT
# The README's example works as it stands, against the built library.
#   CC=... readme.sh README SOURCE-FOLDER LIBRARY-FOLDER
set -eu
readme=$1 source=$2 library=$3
unset CFLAGS LDFLAGS

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

fail() {
    echo "readme: $*" >&2
    exit 1
}

# The first block of C that opens a store.
awk '/^```c$/ { within = 1; text = ""; next }
     /^```/ { if (within && text ~ /keyward_open/) { printf "%s", text; exit } within = 0 }
     within { text = text $0 "\n" }' "$readme" >"$folder/app.c"
[ -s "$folder/app.c" ] || fail "no block of C in $readme calls keyward_open"

"${CC:-cc}" -std=c11 -Wall -Wextra -Werror -I "$source/include" "$folder/app.c" \
    -L "$library" "-Wl,-rpath,$library" -lkeyward -o "$folder/app" ||
    fail 'the example does not compile'
mkdir "$folder/empty"
cd "$folder/empty"
"$folder/app" || fail "the example exits with $?"
