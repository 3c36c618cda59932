#!/bin/sh
# SPDX-License-Identifier: MIT
# Copies the work tree as its next commit would have it: what git knows and what is about to be
# added. Outside a checkout, as in a release's archive, it is all that is not a build's.
#   packaging/source_tree.sh ROOT FOLDER
set -eu
mkdir "$2"
folder=$(cd -- "$2" && pwd)
cd -- "$1"
if [ -e .git ]; then
    git ls-files --cached --others --exclude-standard
else
    find . -path ./build -prune -o -type f -print
fi | while IFS= read -r file; do
    [ ! -f "$file" ] || printf '%s\n' "$file" # it may have been deleted
done | tar -c -T - | tar -x -m -C "$folder"
