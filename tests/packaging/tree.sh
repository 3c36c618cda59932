#!/bin/sh
# SPDX-License-Identifier: MIT
# An installed tree holds what a C developer looks for, where he looks for it, and nothing in it
# names a folder it came from.
#   packaging/tree.sh TREE VERSION FOREIGN-FOLDER...
set -eu
export LC_ALL=C
tree=$1 version=$2
shift 2
wrong=0

complain() {
    echo "tree: $*" >&2
    wrong=1
}

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# ---- the files ----

pc=$(cd "$tree" && find . -name keyward.pc)
lib=${pc%/pkgconfig/keyward.pc}
lib=${lib#./}
soname=libkeyward.so.${version%%.*}
sort >"$folder/wanted" <<END
bin/keyward
include/keyward/keyward.h
$lib/cmake/keyward/keyward-config-version.cmake
$lib/cmake/keyward/keyward-config.cmake
$lib/cmake/keyward/keyward-static-targets.cmake
$lib/cmake/keyward/keyward-targets.cmake
$lib/libkeyward.a
$lib/libkeyward.so
$lib/$soname
$lib/libkeyward.so.$version
$lib/pkgconfig/keyward.pc
share/bash-completion/completions/keyward
share/zsh/site-functions/_keyward
END
# The manual is looked at elsewhere; and one file a configuration says where the libraries are.
(cd "$tree" && find . ! -type d ! -path './share/man/*' ! -name 'keyward-*targets-*.cmake') |
    sed 's,^\./,,' | sort >"$folder/there"
diff "$folder/wanted" "$folder/there" >"$folder/difference" ||
    complain "wanted (<) and there (>): $(grep '^[<>]' "$folder/difference")"
[ $wrong -eq 0 ] || exit 1

# ---- the shared library: its names, and that of what is linked with it ----

library=$tree/$lib/libkeyward.so
[ "$(readlink "$library")" = "$soname" ] || complain 'libkeyward.so leads elsewhere'
[ "$(readlink "$tree/$lib/$soname")" = "libkeyward.so.$version" ] ||
    complain "$soname leads elsewhere"
readelf -d "$library" | grep -qF "soname: [$soname]" ||
    complain "the SONAME is another: $(readelf -d "$library" | grep SONAME)"
for file in "$library" "$tree/bin/keyward"; do
    ! readelf -d "$file" | grep -E 'R(UN)?PATH' >&2 ||
        complain "$(basename "$file") looks for libraries in a folder of its own"
done

# ---- what is text, or should tell the version ----

for foreign in "$@"; do
    ! grep -rIlF -e "$foreign" "$tree" >&2 || complain "files name $foreign"
done
grep -qx "Version: $version" "$tree/$lib/pkgconfig/keyward.pc" ||
    complain "keyward.pc has another version than $version"
grep -qF "\"$version\"" "$tree/$lib/cmake/keyward/keyward-config-version.cmake" ||
    complain "the CMake package has another version than $version"
exit $wrong
