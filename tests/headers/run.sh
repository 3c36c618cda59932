#!/bin/sh
# SPDX-License-Identifier: MIT
# Compiles and runs alone.c in every language that the header is for.
#   headers/run.sh C-COMPILER C++-COMPILER INCLUDE-FOLDER
set -eu
cc=$1 cxx=$2 include=$3
here=$(dirname -- "$0")

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

for standard in c99 c11 c++17; do
    case $standard in
    c++*) compiler=$cxx language=c++ ;;
    *) compiler=$cc language=c ;;
    esac
    echo "$standard with $compiler"
    "$compiler" -x "$language" "-std=$standard" -pedantic -Wall -Wextra -Werror -I "$include" \
        "$here/alone.c" -o "$folder/alone"
    "$folder/alone" || {
        echo "$standard: a default of KEYWARD_OPTIONS_INIT is not the documented one" >&2
        exit 1
    }
done
