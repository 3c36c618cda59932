#!/bin/sh
# SPDX-License-Identifier: MIT
# Makes the reference of the public header, FOLDER/html. What is public and not described is an
# error.
#   reference.sh HEADER FOLDER
set -eu
here=$(dirname -- "$0")
KEYWARD_HEADER=$1 KEYWARD_REFERENCE=$2
KEYWARD_INCLUDE=$(dirname -- "$(dirname -- "$1")") KEYWARD_FILTER=$here/reference.sed
KEYWARD_VERSION=$(sed -n 's/^#define KEYWARD_VERSION "\(.*\)"$/\1/p' "$1")
export KEYWARD_HEADER KEYWARD_REFERENCE KEYWARD_INCLUDE KEYWARD_FILTER KEYWARD_VERSION

mkdir -p "$2"
rm -rf "$2/html" "$2/xml" # pages of what there is no more would stay
doxygen "$here/Doxyfile"

# Before version 1.9.8, doxygen does not mind enumerators without a description.
awk '/<enumvalue / { name = ""; described = 0 }
     /<name>/ && name == "" { name = $0; gsub(/.*<name>|<.*/, "", name) }
     /<para>/ { described = 1 }
     /<\/enumvalue>/ {
         seen++
         if (!described) {
             print name " is not documented." > "/dev/stderr"
             wrong = 1
         }
     }
     END { exit wrong || !seen }' "$2"/xml/group__*.xml
