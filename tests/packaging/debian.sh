#!/bin/sh
# SPDX-License-Identifier: MIT
# The Debian packages: dpkg-buildpackage makes the same bytes of one source in two folders, where
# language, time zone, user's mask and the running of tests differ too; lintian finds no error and
# warns of nothing; in a clean system they can be installed, used and removed. Each of these checks
# then meets a fault that it must find.
#   packaging/debian.sh FOLDER-TO-WORK-IN
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
rm -rf "$1"
mkdir -p "$1/one" "$1/another-one/deeper"
work=$(cd -- "$1" && pwd)
# The last folder's name is in dpkg's source archive.
one=$work/one/keyward another=$work/another-one/deeper/keyward
output=$work/output

# shellcheck source=tests/checkers/report.sh
. "$root/tests/checkers/report.sh"

build() { # build FOLDER [DPKG-BUILDPACKAGE-OPTION...]
    folder=$1
    shift
    (cd "$folder" && dpkg-buildpackage -us -uc "$@")
}
build_one() {
    (umask 022 && TZ=UTC LC_ALL=C.UTF-8 build "$one" "$@")
}
build_another() {
    (umask 027 && TZ=Asia/Kathmandu LC_ALL=C DEB_BUILD_OPTIONS=nocheck build "$another" "$@")
}

# Neither the .buildinfo, which tells what was built where, nor the .changes with its sum.
same() { # same PATTERN: of the files that the two builds made
    different=0 compared=0
    for file in "$work/one"/$1; do
        compared=$((compared + 1))
        cmp "$file" "$work/another-one/deeper/${file##*/}" || different=1
    done
    [ "$compared" -gt 0 ] && return $different
}

# The oldest libraries that debian/control allows are those of the header.
oldest() { # oldest CONTROL
    for library in SQLITE:libsqlite3 SODIUM:libsodium; do
        wanted=$(sed -n "s/^#define KEYWARD_${library%:*}_MIN \"\(.*\)\"/\1/p" \
            "$root/include/keyward/keyward.h")
        grep "^ ${library#*:}[-a-z0-9]* (" "$1" >"$work/named" || return 1
        if grep -v "(>= $wanted)" "$work/named"; then
            return 1
        fi
    done
}
too_old() {
    sed 's/libsqlite3-0 (>= 3/libsqlite3-0 (>= 2/' "$root/debian/control" >"$work/control"
    oldest "$work/control"
}

reads_well() { # reads_well FILE...
    lintian --display-info --pedantic --fail-on error,warning --allow-root "$@"
}

# The library of the first build, by a list of symbols that the command makes of ours.
symbols() { # symbols COMMAND...
    "$@" "$one/debian/libkeyward0.symbols" >"$work/symbols"
    (cd "$one" && dpkg-gensymbols -c4 -plibkeyward0 -Pdebian/libkeyward0 "-I$work/symbols" \
        "-O$work/symbols-found")
}
and_one_more() { # and_one_more SYMBOLS: of an earlier version, as those are that may not go
    cat "$1"
    echo ' keyward_planted@KEYWARD_0.1 0.0.1'
}

"$root/tests/packaging/source_tree.sh" "$root" "$one"
"$root/tests/packaging/source_tree.sh" "$root" "$another"
passes 'dpkg-buildpackage' build_one
passes 'dpkg-buildpackage, elsewhere' build_another
for file in '*.deb' '*.tar.xz' '*.dsc'; do
    passes "the same $file" same "$file"
done
passes 'lintian' reads_well "$work"/one/*.changes
passes 'the oldest libraries' oldest "$root/debian/control"
finds 'a library that is too old' 'libsqlite3-0' too_old
passes 'the symbols' symbols cat
finds 'a function that is gone' 'symbols or patterns disappeared' symbols and_one_more
finds 'a function that is not in the list' 'new symbols appeared' symbols sed /keyward_version@/d

passes 'a clean system' "$root/tests/packaging/debian/clean_root.sh" "$work/one" "$root"
grep '^found: ' "$output" || fail 'the clean system was not tried with a fault'
found=$((found + 1))

# Another fault for each package, in both builds, of which only what changed is built again. (gcc's
# __TIME__ would be none: it is SOURCE_DATE_EPOCH's, which dpkg-buildpackage sets.)
for folder in "$one" "$another"; do
    echo 'extern const char built[]; const char built[] = BUILT;' >>"$folder/cli/main.c"
    cat >>"$folder/cli/CMakeLists.txt" <<'END'
execute_process(COMMAND date +%s OUTPUT_VARIABLE built OUTPUT_STRIP_TRAILING_WHITESPACE)
target_compile_definitions(keyward_cli PRIVATE BUILT="${built}")
END
    echo "extern const char built[]; const char built[] = \"$folder\";" \
        >>"$folder/lib/base/text.c"
    rm "$folder/debian/copyright" "$folder/debian/debhelper-build-stamp"
done
DEB_BUILD_OPTIONS=nocheck passes 'dpkg-buildpackage, with faults' build_one --build=binary -nc
DEB_BUILD_OPTIONS=nocheck passes 'elsewhere' build_another --build=binary -nc
finds 'the time of a build' 'differ: ' same 'keyward_*.deb'
finds 'the folder of a build' 'differ: ' same 'libkeyward0_*.deb'
finds 'a package without its licence' 'no-copyright-file' reads_well "$work"/one/keyward_*.deb

echo "$found faults found"
