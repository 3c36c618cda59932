#!/bin/sh
# SPDX-License-Identifier: MIT
# Verifies the model of the commit queue with spin, through every state that it can reach, and
# refutes each fault that is planted in it. Needs spin and a C compiler.
#   model/run.sh guard|verify|deep C-COMPILER LIB-FOLDER FOLDER-TO-WORK-IN
#     guard: only that the model and the code name the same functions
#     verify: that, three callers, and the planted faults
#     deep: four callers and longer runs of three; needs 8 GiB of memory
set -eu
what=$1 cc=$2 lib=$(CDPATH='' cd -- "$3" && pwd)
model=$lib/transaction/commit_queue.pml
mkdir -p "$4"
cd -- "$4"

fail() {
    echo "model: $*" >&2
    exit 1
}

# ---- the model and the code stay together ----

# The functions that the model's head names for a file.
named_for() { # named_for FILE
    sed -n "s/^ \*   $1: \([a-z_ ]*\).*/\1/p" "$model" | tr ' ' '\n' | sed '/^$/d' | sort -u
}

defined_in() { # defined_in PATH: the functions that begin in the first column there
    sed -n '/;$/d; s/^[a-z][a-z0-9_ *]*[ *]\([a-z0-9_]*\)(.*/\1/p' "$1" | sort -u
}

guard() {
    for path in transaction/commit_queue.c base/doorbell.c transaction/transaction.c; do
        defined_in "$lib/$path" >defined
        named_for "${path##*/}" >named
        [ -s named ] || fail "the model names no function of $path"
        gone=$(comm -13 defined named)
        [ -z "$gone" ] || fail "$path has no longer what the model stands for:" "$gone"
        [ "$path" != transaction/transaction.c ] || continue # most of it is no part of the protocol
        new=$(comm -23 defined named)
        [ -z "$new" ] || fail "$path has what the model does not know:" "$new"
    done
}

# ---- spin ----

# search safety|progress C-OPTION "SPIN-OPTIONS": every state that can be reached, or until one is
# wrong
search() {
    kind=$1 optimisation=$2 options=$3
    case $kind in
    safety) set -- -DSAFETY -DNOCLAIM ;; # the claim would lead the search past some states
    progress) set -- -DNFAIR=5 ;;
    esac
    rm -f pan ./*.trail
    cp "$model" commit_queue.pml # spin leaves its trail beside the model
    # shellcheck disable=SC2086 # one word an option
    spin -a $options commit_queue.pml >output 2>&1 || {
        cat output >&2
        fail "spin does not accept the model with '$options'"
    }
    "$cc" -w "$optimisation" -DCOLLAPSE -DVECTORSZ=2048 "$@" -o pan pan.c ||
        fail 'pan.c does not compile'
    set --
    [ "$kind" = safety ] || set -- -a -f
    ./pan -m4000000 "$@" >output 2>&1 || fail "pan fails with '$options'"
}

# verify NAME safety|progress [SPIN-OPTIONS]: holds, in every state
verify() {
    search "$2" -O2 "${3-}"
    grep -q 'errors: 0$' output || {
        cat output >&2
        # shellcheck disable=SC2086 # one word an option
        spin -t -p -g $options commit_queue.pml | tail -n 300 >&2
        fail "$1: refuted; the end of the counterexample is above"
    }
    # A search that was cut off has shown nothing.
    ! grep -Eiq 'search depth too small|out of memory|not completed|truncated' output || {
        cat output >&2
        fail "$1: the search was cut off"
    }
    echo "$1: $2 holds in $(count 'states, stored') states, $(count transitions) transitions," \
        "depth $(sed -n 's/.*depth reached \([0-9]*\),.*/\1/p' output)"
}

count() {
    sed -n "s/^ *\([0-9.e+]*\) $1.*/\1/p" output
}

# refute FAULT PATTERN [SPIN-OPTIONS [progress]]: for this reason
refute() {
    search "${4-safety}" -O0 "-DFAULT_$1 ${3-}"
    ! grep -q 'errors: 0$' output || fail "$1: passes in spite of the fault"
    grep -Fq -e "$2" output || {
        cat output >&2
        fail "$1: refuted, but not for '$2'"
    }
    echo "refuted: $1"
}

condition=-DDOORBELL_IS_A_CONDITION
stuck='invalid end state'
touched='assertion violated (entries[entry].there'
untrue='assertion violated (entries[entry].committed=='
own_untrue='assertion violated (entries[_pid].committed=='
not_ended='assertion violated (entries[_pid].state=='
not_leading='assertion violated (batch_first==_pid)'

refute_all() {
    refute WAKES_BEFORE_THE_FLUSH "$untrue"
    refute FORGETS_THAT_THE_FLUSH_FAILED "$own_untrue"
    refute REPLAYS_WHAT_IT_DID_NOT_UNDO 'assertion violated ((entries[_pid].committed==0)&& !(ran'
    refute HANDS_OVER_AFTER_WAKING 'assertion violated (leader!=_pid)'
    refute LEAVES_WITHOUT_HANDING_OVER "$stuck"
    refute NOTICES_NOBODY_WHO_WAITS "$not_leading"
    refute PASSES_THE_LEAD_AND_LEAVES_IT_OPEN "$not_leading"
    refute ASKS_FOR_THE_LEAD_WITHOUT_THE_MUTEX "$stuck"
    refute LOOKS_WITHOUT_THE_MUTEX_BEFORE_IT_LEAVES "$stuck"
    refute LEAVES_WITH_THE_LEAD "$stuck"
    refute RETURNS_THOUGH_A_LEADER_WAS_FASTER "$not_ended"
    refute RINGS_BEFORE_IT_STORES_THE_STATE "$not_ended"
    refute LOOKS_FOR_THE_NEXT_ONE_AFTER_WAKING "$touched"
    refute LOOKS_AT_THE_BELL_WITHOUT_ITS_MUTEX "$stuck" $condition
    refute SIGNALS_WITHOUT_THE_BELLS_MUTEX "$touched" $condition
    # and once by what must come about, not by what must not
    refute LEAVES_WITHOUT_HANDING_OVER 'acceptance cycle' -DCALLS=1 progress
    known=$(grep -o 'FAULT_[A-Z_]*[A-Z]' "$model" | sort -u | wc -l)
    [ "$known" -eq 15 ] || fail "the model has $known planted faults, and 15 are tried"
}

guard
case $what in
guard) ;;
verify)
    verify 'three callers, call after call' safety
    verify 'three callers, a call each' progress -DCALLS=1
    verify 'three callers with the other doorbell, a call each' safety "-DCALLS=1 $condition"
    refute_all
    ;;
deep)
    verify 'four callers, a call each' safety '-DCALLERS=4 -DROOM=3 -DCALLS=1'
    verify 'three callers, two calls each' progress -DCALLS=2
    verify 'three callers with the other doorbell, call after call' safety $condition
    ;;
*) fail "there is no '$what'" ;;
esac
