#!/bin/sh
# SPDX-License-Identifier: MIT
# Strangers' programs, built against an installed tree in each way that there is, open a store and
# see a key live and die.
#   packaging/consumers.sh C-COMPILER C++-COMPILER TREE
set -eu
cc=$1 cxx=$2 tree=$(cd -- "$3" && pwd)
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
source=$here/consumer
unset CFLAGS CXXFLAGS LDFLAGS DESTDIR

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
output=$folder/output
# shellcheck source=tests/checkers/report.sh
. "$here/../checkers/report.sh"

runs() { # runs WHAT PROGRAM [ARGUMENT...]: in an empty folder
    what=$1
    shift
    rm -rf "$folder/empty"
    mkdir "$folder/empty"
    (cd "$folder/empty" && "$@") >"$output" 2>&1 || fail "$what: exits with $?"
}

# ---- CMake: both libraries, C11 and C++17; and the shared one by itself ----

project() { # project NAME [CMAKE-OPTION...]: tests/packaging/NAME, built
    name=$1
    shift
    {
        cmake -S "$here/$name" -B "$folder/$name" -DCMAKE_C_COMPILER="$cc" \
            -DCMAKE_CXX_COMPILER="$cxx" -DCMAKE_PREFIX_PATH="$tree" "$@" &&
            cmake --build "$folder/$name" -j 2
    } >"$output" 2>&1 || fail "$name: the CMake project does not build"
    grep -q "^keyward_DIR:PATH=$tree/" "$folder/$name/CMakeCache.txt" ||
        fail "$name: another keyward is found"
}

project consumer
for program in c_keyward cpp_keyward c_static cpp_static; do
    runs "$program" "$folder/consumer/$program"
done
(
    export PKG_CONFIG_LIBDIR="$folder"
    unset PKG_CONFIG_PATH
    project shared_only
)
runs shared_only "$folder/shared_only/shared_only"

# ---- pkg-config: the shared library from C11 and C++17; the static one where there is no other ----

modules=$(find "$tree" -name pkgconfig)
# compile PROGRAM TREE PKG-CONFIG-OPTIONS COMPILER [OPTION...] SOURCE
compile() {
    program=$1 options=$3
    PKG_CONFIG_PATH=$2${modules#"$tree"}
    export PKG_CONFIG_PATH
    shift 3
    # shellcheck disable=SC2086 # one word a flag
    {
        flags=$(pkg-config $options --cflags --libs 'keyward >= 0.1') &&
            "$@" -Wall -Wextra -Werror -pedantic $flags -o "$folder/$program"
    } >"$output" 2>&1 || fail "$program: does not build with '${flags-}' of pkg-config $options"
}

compile c_shared "$tree" '' "$cc" -std=c11 "$source/consumer.c"
compile cpp_shared "$tree" '' "$cxx" -std=c++17 "$source/consumer.cpp"
for program in c_shared cpp_shared; do
    runs "$program" env LD_LIBRARY_PATH="$(dirname "$modules")" "$folder/$program"
done

cp -R "$tree" "$folder/static-tree"
find "$folder/static-tree" -name 'libkeyward.so*' -exec rm {} +
compile c_static "$folder/static-tree" --static "$cc" -std=c11 "$source/consumer.c"
compile cpp_static "$folder/static-tree" --static "$cxx" -std=c++17 "$source/consumer.cpp"
for program in c_static cpp_static; do
    runs "$program" "$folder/$program"
done

# ---- the command ----

runs 'the command' env LD_LIBRARY_PATH="$(dirname "$modules")" "$tree/bin/keyward" init
