#!/bin/sh
# SPDX-License-Identifier: MIT
# Installs a build in each way that there is: all the ways give the same files, which stand
# in TREE at the end, where none of them has been before.
#   packaging/install.sh BUILD-FOLDER TREE
set -eu
build=$1 tree=$2

fail() {
    echo "install: $*" >&2
    exit 1
}

rm -rf "$tree"
mkdir -p "$tree"
folder=$(mktemp -d "$tree/install.XXXXXX")
trap 'rm -rf "$folder"' EXIT
unset DESTDIR
prefix=$(sed -n 's/^CMAKE_INSTALL_PREFIX:[A-Z]*=//p' "$build/CMakeCache.txt")

install_into() { # install_into DESTDIR CMAKE-OPTION...
    destination=$1
    shift
    DESTDIR=$destination cmake --install "$build" "$@" >"$folder/log" 2>&1 || {
        cat "$folder/log" >&2
        fail "cmake --install $* fails"
    }
}

install_into '' --prefix "$folder/prefix"
install_into "$folder/staged"
for component in runtime development command; do
    install_into "$folder/components" --component "$component"
    install_into "$folder/component-$component" --component "$component"
done

same() { # same WHAT FOLDER
    diff -r "$folder/prefix" "$2" >&2 || fail "$1 installs something else than a prefix of its own"
}
same DESTDIR "$folder/staged$prefix"
same 'component by component' "$folder/components$prefix"

# Packages that share a file cannot be installed together.
find "$folder"/component-* ! -type d | sed 's,.*/component-[^/]*,,' | sort | uniq -d >"$folder/twice"
[ ! -s "$folder/twice" ] || fail "in two components: $(cat "$folder/twice")"

mv "$folder/prefix"/* "$tree"
