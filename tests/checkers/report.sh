# shellcheck shell=sh
# SPDX-License-Identifier: MIT
# Sourced by scripts that try things, and check the checks with planted faults. What a command says
# goes to the file $output; $found counts the faults.
: "${output:?}"
found=0

fail() {
    cat "$output" >&2
    echo "${0##*/}: $*" >&2
    exit 1
}

passes() { # passes WHAT COMMAND...
    what=$1
    shift
    "$@" >"$output" 2>&1 || fail "$what: fails"
    echo "$what"
}

# The pattern tells that it failed for the planted fault and for nothing else.
finds() { # finds WHAT PATTERN COMMAND...
    what=$1 pattern=$2
    shift 2
    if "$@" >"$output" 2>&1; then
        fail "$what: passes in spite of the fault"
    fi
    grep -Eq -e "$pattern" "$output" || fail "$what: fails, but does not say '$pattern'"
    echo "found: $what"
    found=$((found + 1))
}
