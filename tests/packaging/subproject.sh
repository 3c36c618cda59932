#!/bin/sh
# SPDX-License-Identifier: MIT
# A project that builds keyward along with itself sees nothing of it but the targets it asks for, and
# they work: by add_subdirectory, by FetchContent, and for a host that wants the command and installs
# all, as a distribution would.
#   packaging/subproject.sh C-COMPILER C++-COMPILER SOURCE-FOLDER VERSION
set -eu
cc=$1 cxx=$2 source=$(cd -- "$3" && pwd) version=$4
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
unset CFLAGS CXXFLAGS LDFLAGS DESTDIR

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
output=$folder/output
# shellcheck source=tests/checkers/report.sh
. "$here/../checkers/report.sh"

# What is neither built nor a test's, as it would come from elsewhere.
keyward=$folder/source
mkdir "$keyward"
for entry in "$source"/*; do
    case ${entry##*/} in
    build | tests) ;;
    *) cp -R "$entry" "$keyward" ;;
    esac
done

configure() { # configure NAME CMAKE-OPTION...
    build=$folder/$1
    shift
    cmake -S "$here/host" -B "$build" -DCMAKE_C_COMPILER="$cc" -DKEYWARD="$keyward" "$@" \
        >"$output" 2>&1 || fail "${build##*/}: the host is not configured, or not as before"
    ! grep -E ': .+' "$build"/host_*.flags >"$output" || fail "${build##*/}: the host has flags"
    (cd "$build" && ctest -N) >"$output"
    grep -qx 'Total Tests: 0' "$output" || fail "${build##*/}: the host has tests"
}

installs_nothing() {
    DESTDIR=$build/staged cmake --install "$build" >"$output" 2>&1 || fail 'the host installs something'
    [ ! -e "$build/staged" ] || fail 'the host installs something'
}

works() { # works TARGET...: is built, and what is the host's runs in an empty folder
    cmake --build "$build" -j 2 --target "$@" >"$output" 2>&1 || fail "${build##*/}: does not build"
    for program in host_keyward host_static; do
        rm -rf "$folder/empty"
        mkdir "$folder/empty"
        (cd "$folder/empty" && "$build/$program") >"$output" 2>&1 ||
            fail "${build##*/}: $program exits with $?"
    done
}

configure add_subdirectory
installs_nothing
configure FetchContent -DWAY=FetchContent
installs_nothing
works all

# With everything that a host can have but what is for keyward itself.
architecture=$(sed -n 's/^set(CMAKE_LIBRARY_ARCHITECTURE "\(.*\)")$/\1/p' \
    "$build"/CMakeFiles/*/CMakeCCompiler.cmake)
configure everything -DKEYWARD_INSTALL=ON -DKEYWARD_CLI=ON -DKEYWARD_EXAMPLES=ON \
    -DKEYWARD_HTTP_SERVER=ON -DKEYWARD_BENCH=ON -DBUILD_SHARED_LIBS=ON \
    -DCMAKE_INSTALL_PREFIX=/opt/host -DCMAKE_INSTALL_LIBDIR="lib${architecture:+/$architecture}"
works host_keyward host_static keyward_cli
DESTDIR=$build/staged cmake --install "$build" >"$output" 2>&1 || fail 'everything: is not installed'
tree=$folder/tree
mv "$build/staged/opt/host" "$tree"
"$here/tree.sh" "$tree" "$version" "$folder" /opt/host >"$output" 2>&1 || fail 'everything: see above'
readelf -d "$tree/bin/keyward" | grep -q 'NEEDED.*libkeyward\.so' ||
    fail 'everything: the command is linked with the static library in spite of BUILD_SHARED_LIBS'
"$here/consumers.sh" "$cc" "$cxx" "$tree" >"$output" 2>&1 || fail 'everything: see above'

# The tests are for keyward itself, and it says so.
cmake -S "$here/host" -B "$folder/tests" -DCMAKE_C_COMPILER="$cc" -DKEYWARD="$source" \
    -DKEYWARD_TESTS=ON >"$output" 2>&1 || :
grep -q "keyward's tests are for a build of its own" "$output" ||
    fail "a host is not told that keyward's tests are not for it"
