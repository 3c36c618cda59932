#!/bin/sh
# SPDX-License-Identifier: MIT
# modules.sh FOLDER: puts what package-lock.json names, and checks by its hash, into FOLDER. What is
# there already and still the same is left alone, so that only the first run needs the registry.
set -eu
source=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
mkdir -p "$1"
cd -- "$1"
if cmp -s "$source/package-lock.json" installed.json && cmp -s "$source/package.json" package.json; then
    exit 0
fi
rm -f installed.json
cp "$source/package.json" "$source/package-lock.json" .
npm ci --ignore-scripts --no-audit --no-fund
cp package-lock.json installed.json # the last step: an installation cut short is begun anew
