#!/bin/sh
# SPDX-License-Identifier: MIT
# Builds keyward for other systems and compilers, each warning being an error, and runs its suites
# there.
#   platforms.sh LABEL FOLDER PLATFORM...
#     LABEL     portable: the suites that ./run test shows to each of them; suite: all
#     FOLDER    to build in; what a platform stands on is kept there
#     PLATFORM  i386 (32 bits), s390x (the highest byte first; by qemu-s390x), musl, or a C compiler
#               of this system
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
source=$here/../..
label=$1 folder=$2
shift 2
mkdir -p "$folder"
folder=$(cd -- "$folder" && pwd)

# What stands in FOLDER/PLATFORM-root, and the options of CMake that make use of it; the tests with
# valgrind are for this system's own processor.
provide() { # provide PLATFORM
    root=$folder/$1-root
    libraries='libsqlite3-dev libsodium-dev libjansson-dev check'
    toolchain=$here/../../cmake/toolchains/$1-linux-gnu.cmake
    case $1 in
    i386 | s390x)
        # shellcheck disable=SC2086 # one word a package
        case $1 in
        i386) "$here/debian.sh" "$root" i386 libc6-dev libgcc-12-dev $libraries ;;
        s390x) "$here/debian.sh" "$root" s390x libc6-dev $libraries ;;
        esac
        ;;
    musl)
        "$here/debian.sh" "$folder/sources" source sqlite3 libsodium check jansson
        "$here/musl.sh" "$folder/sources" "$root"
        toolchain=$here/../../cmake/toolchains/musl.cmake
        ;;
    *)
        options=-DCMAKE_C_COMPILER=$1
        return
        ;;
    esac
    options="-DCMAKE_TOOLCHAIN_FILE=$toolchain -DKEYWARD_ROOT=$root -DKEYWARD_VALGRIND= -DKEYWARD_CXX="
}

build() { # build PLATFORM
    case $label in
    portable) target=keyward_portable_suites ;;
    *) target=all ;;
    esac
    # shellcheck disable=SC2086 # one word an option
    cmake -S "$source" -B "$folder/$1" $options -DKEYWARD_WERROR=ON -DKEYWARD_EXAMPLES=OFF \
        -DKEYWARD_BENCH=OFF &&
        cmake --build "$folder/$1" -j "$(nproc)" --target keyward_shared keyward_cli "$target"
}

for platform in "$@"; do
    echo "==== $platform ===="
    began=$(date +%s)
    provide "$platform"
    build "$platform"
    (cd "$folder/$platform" && ctest --output-on-failure --no-tests=error -j 2 -L "^$label\$")
    echo "$platform: $(($(date +%s) - began)) s"
done
