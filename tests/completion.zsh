#!/usr/bin/env zsh
# SPDX-License-Identifier: MIT
# The completion for zsh: that it parses, and what it offers, with zsh's own builtins in place of
# the line editor's.
#   completion.zsh COMPLETION-FILE PROGRAM
emulate -R zsh
file=$1 program=$2 wrong=0

zsh -n $file || exit 1

compadd() {
    if [[ $1 == -a ]]; then
        offered+=("${(@P)2}")
    else
        offered+=("$@")
    fi
}
_files() {
    offered+=(FILES)
}
compset() {
    :
}

# Completes the last of these words, and compares with what is wanted.
expect() { # expect "WANTED..." WORD...
    local wanted=$1
    shift
    typeset -ga offered=()
    words=($program "$@")
    CURRENT=$#words
    source $file
    local -a want=(${(o)${=wanted}}) got=(${(o)offered})
    if [[ "$got" != "$want" ]]; then
        print -r -- "'$*': offered '$offered', wanted '$wanted'"
        wrong=1
    fi
}

expect "$($program --list-commands | cut -f1 | cut -d' ' -f1 | sort -u | tr '\n' ' ')" ''
for command in ${(f)"$($program --list-commands | cut -f1)"}; do
    expect "$($program --list-options $command | cut -f1 | tr '\n' ' ')" ${=command} --
done
expect 'reader writer admin' grant r u ''
expect 'reader writer admin' --as x grant r u --reason y ''
expect 'auto always never' --color ''
expect 'auto always never' list --color=
expect 'FILES' backup ''
expect 'FILES' --store ''
expect 'export key checkpoint receipt consistency cosign publish' audit ''
expect 'FILES' audit cosign ''
expect 'FILES' audit publish ''
expect 'FILES' verify --receipt ''
expect 'never' expire r k ''
expect '' delete r ''
expect '' delete r k ''
exit $wrong
