#!/bin/sh
# SPDX-License-Identifier: MIT
# The fuzzer of the API calls every function that the header declares.
#   knows_header.sh HEADER OBJECT-FILE...: those of the fuzzer
set -eu
export LC_ALL=C
header=$1
shift

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$(dirname -- "$0")/../declared.sh" "$header" | cut -d " " -f 1 >"$folder/declared"
nm -u "$@" | awk '$1 == "U" && $2 ~ /^keyward_/ { print $2 }' | sort -u >"$folder/called"
if [ ! -s "$folder/declared" ]; then
    echo "no function is declared in $header" >&2
    exit 1
fi
if ! diff "$folder/declared" "$folder/called" >"$folder/difference"; then
    echo 'declared in the header (<) and called by the fuzzer (>) differ:' >&2
    grep '^[<>]' "$folder/difference" >&2
    exit 1
fi
