#!/bin/sh
# SPDX-License-Identifier: MIT
# The layers of lib/: each folder includes only itself and those below it, and SQLite is known to
# connection/ alone, so that another engine can take its place.
#   layers.sh LIB-FOLDER
set -eu
cd -- "$1"

# What a folder's files may include.
below() {
    case $1 in
    base) echo base ;;
    seal) echo base seal ;;
    proof) echo base proof ;;
    connection) echo base connection ;;
    transaction) echo base seal proof connection transaction ;;
    operations) echo base seal proof connection transaction operations ;;
    api) echo base seal proof connection transaction operations api ;;
    *) return 1 ;;
    esac
}

wrong=$(
    find . -name '*.[ch]' | sort | while read -r file; do
        file=${file#./}
        folder=${file%/*}
        if ! allowed=$(below "$folder"); then
            echo "$file: not in a folder of a known layer"
            continue
        fi
        sed -n 's/^[[:space:]]*#[[:space:]]*include[[:space:]]*"\([^"]*\)".*/\1/p' "$file" |
            while read -r included; do
                case " $allowed " in
                *" ${included%/*} "*) ;;
                *) echo "$file: includes \"$included\"; $folder may include: $allowed" ;;
                esac
            done
        if [ "$folder" != connection ]; then
            grep -nE '<sqlite3|sqlite3_|sqlite3[[:space:]]*\*' "$file" |
                sed "s|^|$file: names SQLite, which only connection/ may: line |" || true
        fi
    done
)

[ -n "$(find . -name '*.c')" ] || wrong="no sources in $1"
[ -z "$wrong" ] || {
    printf '%s\n' "$wrong" >&2
    exit 1
}
