#!/bin/sh
# SPDX-License-Identifier: MIT
# The static library shows a program the header's functions and no others, which a function of the
# program's could replace.
#   static_names.sh STATIC-LIBRARY HEADER
set -eu
export LC_ALL=C
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

"$(dirname -- "$0")/declared.sh" "$2" | cut -d ' ' -f 1 >"$folder/declared"
nm -g --defined-only "$1" | awk 'NF == 3 { print $NF }' | sort >"$folder/shown"
if ! diff "$folder/declared" "$folder/shown" >"$folder/difference"; then
    echo 'declared in the header (<) and shown by the static library (>) differ:' >&2
    grep '^[<>]' "$folder/difference" >&2
    exit 1
fi
