#!/bin/sh
# SPDX-License-Identifier: MIT
# The library's ABI is the recorded one, member by member. What the header lets be added (functions,
# enumerators, members at the end of what is handed out) is recorded anew, by `./run abi`; any other
# difference breaks programs that are linked with the library, and is for another SONAME.
#   abi.sh compare SHARED-LIBRARY INCLUDE-FOLDER RECORD
#   abi.sh record SHARED-LIBRARY INCLUDE-FOLDER RECORD
set -eu
verb=$1 library=$2 include=$3 record=$4

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
built=$folder/built.xml

readelf --wide --sections "$library" | grep -q ' \.debug_info ' || {
    echo "abi: $library has no debug information, which tells the types" >&2
    exit 1
}
# Only what the header shows, and nothing of the machine that compiled it.
abidw --headers-dir "$include/keyward" --drop-private-types --exported-interfaces-only \
    --no-corpus-path --no-comp-dir-path --no-show-locs --no-elf-needed --type-id-style hash \
    --out-file "$folder/whole.xml" "$library"
sed "s,path='[^']*/lib/,path='lib/," "$folder/whole.xml" >"$built"

# Both as texts: given a library, abidiff takes types without a place in a header for private ones,
# and compares none of their members.
compare() {
    abidiff --harmless "$record" "$built"
}

case $verb in
compare) compare ;;
record)
    [ ! -e "$record" ] || compare || echo 'abi: recorded anew, with these differences'
    cp "$built" "$record"
    ;;
esac
