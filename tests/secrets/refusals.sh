#!/bin/sh
# SPDX-License-Identifier: MIT
# Whatever is wrong with a pair of access key and secret, its refusal takes as many instructions, up
# to a few in a hundred. Counted by callgrind, and so the same on a busy machine.
#   refusals.sh PROGRAM FOLDER-TO-WORK-IN
set -eu
program=$1 work=$2
rm -rf "$work"
mkdir -p "$work"

CK_FORK=no valgrind --tool=callgrind --instr-atstart=no --toggle-collect=keyward_authenticate \
    --callgrind-out-file="$work/counts" "$program" >"$work/log" 2>&1 || {
    cat "$work/log" >&2
    exit 1
}

# Who has the right secret of a key that is deleted or expired is refused as well, and the attempt is
# noted besides, of which he may know: it is his key.
awk '
    /^desc: Trigger: Client Request: / { kind = $NF }
    /^totals: / && kind != "" { count[kind] = $2; kind = ""; kinds++ }
    function compare(kind, allowed) {
        apart = (count[kind] / count["wrong-live"] - 1) * 100
        printf "%-15s %6.1f million instructions, %+.1f %%\n", kind, count[kind] / 1e6, apart
        if (apart > allowed || apart < -allowed) {
            print "refusals: \"" kind "\" and \"wrong-live\" are more than " allowed " % apart"
            failed = 1
        }
    }
    END {
        if (kinds != 9 || !(count["wrong-live"] > 1e6)) {
            print "refusals: not everything was counted"
            exit 1
        }
        compare("unknown", 4)
        compare("wrong-live", 4)
        compare("wrong-deleted", 4)
        compare("wrong-archived", 4)
        compare("wrong-expired", 4)
        compare("right-deleted", 5)
        compare("right-archived", 5)
        compare("right-expired", 5)
        exit failed
    }' "$work"/counts*
