#!/bin/sh
# SPDX-License-Identifier: MIT
# Prints the functions that a header declares KEYWARD_API, sorted, each with the version in the
# @since of its comment, or "-".
#   declared.sh HEADER
set -eu
export LC_ALL=C

# A declaration begins with KEYWARD_API; its name stands before the first parenthesis.
awk '/^#/ { next }
     /^\/\*\*/ { since = "-" }
     /@since / { since = $0; sub(/.*@since /, "", since); sub(/[^0-9.].*/, "", since) }
     /KEYWARD_API/ { text = ""; within = 1 }
     within {
         text = text $0 " "
         end = index(text, "(")
         if (end) {
             name = substr(text, 1, end - 1)
             sub(/ +$/, "", name)
             sub(/.*[ *]/, "", name)
             print name, since
             since = "-"
             within = 0
         }
     }' since=- "$1" | sort
