#!/bin/sh
# SPDX-License-Identifier: MIT
# "Prove a deletion" of the README, as a person pastes it: five lines, of which the last fails,
# because it verifies an edited event, and the others succeed.
#   readme_proof.sh README KEYWARD-PROGRAM
set -eu
readme=$1 program=$2

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

fail() {
    cat "$folder/out" "$folder/err" >&2 || true
    echo "readme_proof: $*" >&2
    exit 1
}

# The first indented block of the section.
awk '/^## / { within = $0 == "## Prove a deletion"; begun = 0 }
     within && /^    / { begun = 1; print substr($0, 5); next }
     begun { exit }' "$readme" >"$folder/lines"
count=$(wc -l <"$folder/lines")
[ "$count" -eq 5 ] || fail "there are $((count)) lines, not five, in $readme"

# A clone that has been built, and nothing else.
mkdir "$folder/clone"
{
    echo '#!/bin/sh'
    # shellcheck disable=SC2016 # this is for the script that it makes
    echo '[ "$1" = cli ] || exit 99'
    echo shift
    printf 'exec "%s" "$@"\n' "$program"
} >"$folder/clone/run"
chmod +x "$folder/clone/run"

number=0
while IFS= read -r line; do
    number=$((number + 1))
    wanted=0
    [ "$number" -lt 5 ] || wanted=28
    code=0
    (cd "$folder/clone" && sh -c "$line") >"$folder/out" 2>"$folder/err" </dev/null || code=$?
    [ "$code" -eq "$wanted" ] || fail "line $number exits with $code, not $wanted: $line"
    case $number in
    4) grep -q '^proven: ' "$folder/out" || fail "line $number does not say that it is proven" ;;
    5) grep -q 'not proven: .edited. is not the event' "$folder/err" ||
        fail "line $number does not say that the event was edited" ;;
    esac
done <"$folder/lines"
