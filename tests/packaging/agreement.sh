#!/bin/sh
# SPDX-License-Identifier: MIT
# The same functions stand in the header, in what the library exports, in the version script and in
# the manual, and header, library and version script name the same version for each.
#   agreement.sh HEADER SHARED-LIBRARY VERSION-SCRIPT MAN-FOLDER
set -eu
export LC_ALL=C
header=$1 library=$2 script=$3 manual=$4

# Each of these prints lines of PLACE FUNCTION VERSION; "-" is no version, "any" one not asked for.
in_header() {
    "$(dirname -- "$0")/../declared.sh" "$header" | sed 's/^/header /'
}

in_library() { # absolute are the versions' own names
    nm -D --defined-only "$library" | awk '$2 != "A" {
        split($3, part, "@@KEYWARD_")
        print "library", part[1], part[2] == "" ? "-" : part[2] }'
}

in_script() {
    awk '/^KEYWARD_.*{/ { version = $1; sub(/^KEYWARD_/, "", version) }
         /^ *keyward_[a-z_]*;/ { gsub(/[ ;]/, ""); print "script", $0, version }' "$script"
}

in_manual() {
    awk '/^\.Sh / { synopsis = /SYNOPSIS/ }
         synopsis && /^\.F[no] / { print "manual", $2, "any" }' "$manual"/*.3
}

differences=$({ in_header && in_library && in_script && in_manual; } | awk '
    { version[$1, $2] = $3; functions[$2]; seen[$1] }
    END {
        count = split("header library script manual", places)
        for (p = 1; p <= count; p++) {
            place = places[p]
            if (!(place in seen))
                print "no function at all in the " place
            for (name in functions) {
                its = version[place, name]
                said = version["script", name]
                if (its == "")
                    print name ": not in the " place
                else if (its == "-")
                    print name ": without a version in the " place
                else if (its != "any" && said != "" && its != said)
                    print name ": " its " in the " place ", " said " in the script"
            }
        }
    }' | sort)
if [ -n "$differences" ]; then
    printf '%s\n' "$differences" >&2
    exit 1
fi
