#!/bin/sh
# SPDX-License-Identifier: MIT
# Prints the names of the functions that a header declares KEYWARD_API, sorted.
#   declared.sh HEADER
set -eu
export LC_ALL=C

# A declaration begins with KEYWARD_API; its name stands before the first parenthesis.
awk '/^#/ { next }
     /KEYWARD_API/ { text = ""; within = 1 }
     within {
         text = text $0 " "
         end = index(text, "(")
         if (end) {
             name = substr(text, 1, end - 1)
             sub(/ +$/, "", name)
             sub(/.*[ *]/, "", name)
             print name
             within = 0
         }
     }' "$1" | sort
