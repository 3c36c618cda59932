#!/bin/sh
# SPDX-License-Identifier: MIT
# A quick run of the benchmark ends well, and writes every case as JSON and a chart. No time is judged.
#   quick.sh PROGRAM FOLDER [--http]
set -eu
program=$1 http=${3-}

folder=$(mktemp -d "$2/quick-XXXXXX")
trap 'rm -rf "$folder"' EXIT
json=$folder/results.json

fail() {
    echo "bench_quick: $*" >&2
    exit 1
}

# shellcheck disable=SC2086 # absent or one word
"$program" --quick $http --folder "$folder" --json "$json" --svg "$folder/chart.svg" ||
    fail "the run exits with $?"

# One object a line, so that a pattern can tell whether it parses.
head -n 1 "$json" | grep -qx '\[' || fail 'the JSON does not begin as an array'
tail -n 1 "$json" | grep -qx '\]' || fail 'the JSON does not end as an array'
number='-?[0-9]+(\.[0-9]+)?'
name='"[a-z0-9=/-]+"'
fields="\"case\": $name, \"per_second\": $number, \"p50_us\": $number, \"p99_us\": $number"
fields="$fields, \"p999_us\": $number, \"floor\": ($name|null), \"floor_per_second\": ($number|null)"
fields="$fields, \"ratio\": ($number|null)(, \"[a-z_]+\": $number)*"
sed -e '1d' -e '$d' "$json" | grep -Evx "\{$fields\},?" && fail 'a line of the JSON is no result'
[ "$(grep -c ',$' "$json")" -eq "$(($(wc -l <"$json") - 3))" ] || fail 'commas are not where they belong'

http_cases=
for number in 1 16 64; do
    http_cases="$http_cases http/library/threads=$number http/connections=$number"
done
[ -n "$http" ] || http_cases=

for case in $http_cases \
    floor/fdatasync floor/fdatasync/overwrite floor/naive floor/batch=64 floor/batch=1024 \
    delete/threads=1 delete/threads=4 delete/threads=16 delete/threads=64 delete/threads=256 \
    delete/threads=1/without-write-back delete/threads=64/without-write-back \
    delete/batch=64 delete/batch=1024 \
    delete/processes=2/threads=1 delete/processes=2/threads=16 delete/processes=2/threads=64 \
    floor/look-up floor/look-up/threads=2 authenticate/threads=1 authenticate/threads=2 \
    authenticate/unknown authenticate/wrong-secret authenticate/threads=1/while=deleting \
    authenticate/threads=2/while=deleting list/deleted=0 list/deleted=1000 growth/keys=4000; do
    grep -q "\"case\": \"$case\", \"per_second\": [0-9.]*[1-9]" "$json" || fail "no figure for $case"
done

grep -Eq '"case": "pages/batch=64".*"pages_per_delete": [0-9.]*[1-9]' "$json" || fail 'no count of pages'
grep -q '</svg>' "$folder/chart.svg" || fail 'the chart is cut off'
[ -z "$(find "$folder" -name 'keyward-bench-*')" ] || fail 'the run leaves files behind'
