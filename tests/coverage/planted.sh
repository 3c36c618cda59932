#!/bin/sh
# SPDX-License-Identifier: MIT
# report.mjs, seen to find what is missed: on a function of two conditions, tested more or less.
#   planted.sh CLANG FOLDER-TO-WORK-IN
set -eu
report=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)/report.mjs
clang=$1
mkdir -p "$2"
cd "$2"

# measure CALLS [MARK-IN-FRONT [MARK-BEHIND]]: of the tests of a planted function
measure() {
    cat >planted.c <<END
int planted(int one, int other);
int planted(int one, int other)
{
    ${2-}
    if (one && other) ${3-}
        return 1;
    return 0;
}
int main(void)
{
    return $1;
}
END
    "$clang" -O0 -fprofile-instr-generate -fcoverage-mapping -fcoverage-mcdc planted.c -o planted
    LLVM_PROFILE_FILE=planted.profraw ./planted || true
    "${clang%clang*}llvm-profdata${clang#*clang}" merge planted.profraw -o planted.profdata
    "${clang%clang*}llvm-cov${clang#*clang}" export planted -instr-profile=planted.profdata >planted.json
    node "$report" planted.json . >output 2>&1
}

passes() { # passes PATTERN CALLS [MARK...]
    pattern=$1
    shift
    if measure "$@" && grep -q -e "$pattern" output; then
        return
    fi
    cat output >&2
    echo "coverage: does not pass: $*" >&2
    exit 1
}

finds() { # finds PATTERN CALLS [MARK...]
    pattern=$1
    shift
    if ! measure "$@" && grep -q -e "$pattern" output; then
        return
    fi
    cat output >&2
    echo "coverage: does not say '$pattern': $*" >&2
    exit 1
}

both='planted(1, 1) + planted(1, 0)'
all="$both + planted(0, 1)"

passes 'branches 4 of 4; conditions 2 of 2$' "$all"
finds 'planted.c:5:9: never false' "$both"
finds 'planted.c:5:9: condition 1 of 2 never decides alone' "$both"
finds 'planted.c:5:16: never true' 'planted(0, 1) + planted(1, 0)'
finds 'never called: planted' 0
passes 'branches 3 of 4, 1 marked; conditions 1 of 2, 1 marked$' "$both" '/* not covered: why */'
passes 'branches 3 of 4, 1 marked; conditions 1 of 2, 1 marked$' "$both" '' '/* not covered: why */'
passes 'branches 3 of 4, 1 marked' "$both" '/* covered by chance: a race */'
passes 'branches 4 of 4;' "$all" '/* covered by chance: a race */'
finds 'a mark where nothing is missed' "$all" '/* not covered: why */'
finds 'a mark without a reason' "$both" '/* not covered: */'
