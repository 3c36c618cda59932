#!/bin/sh
# SPDX-License-Identifier: MIT
# Builds keyward for other systems, compilers and libraries, each warning being an error, and runs
# its suites there.
#   platforms.sh LABEL FOLDER NATIVE PLATFORM...
#     LABEL     portable: the suites that ./run test shows to each of them; suite: all,
#               but for an emulated processor those that it can run
#     FOLDER    to build in; what a platform stands on is kept there
#     NATIVE    keyward of this system, with which each platform exchanges stores
#     PLATFORM  i386 (32 bits), s390x (the highest byte first; by qemu-s390x), musl, oldest (the
#               oldest SQLite that keyward works with), or a C compiler of this system
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
source=$(CDPATH='' cd -- "$here/../.." && pwd)
asked=$1 folder=$2 native=$(CDPATH='' cd -- "$(dirname -- "$3")" && pwd)/${3##*/}
shift 3
failed=
mkdir -p "$folder"
folder=$(cd -- "$folder" && pwd)

libraries='libsqlite3-dev libsodium-dev libjansson-dev check'

# Makes FOLDER/PLATFORM-root where it is missing, and sets the options of CMake that make use of it.
provide() { # provide PLATFORM
    root=$folder/$1-root
    # shellcheck disable=SC2086 # one word a package
    case $1 in
    i386) "$here/debian.sh" "$root" i386 libc6-dev libgcc-12-dev $libraries || return ;;
    s390x) "$here/debian.sh" "$root" s390x libc6-dev $libraries || return ;;
    musl)
        "$here/debian.sh" "$folder/sources" source sqlite3 libsodium check jansson &&
            "$here/musl.sh" "$folder/sources" "$root" || return
        ;;
    oldest)
        "$here/oldest.sh" "$root" || return
        options="-DCMAKE_PREFIX_PATH=$root -DKEYWARD_EXAMPLES=ON" # for the suites of the server
        return
        ;;
    *)
        options=-DCMAKE_C_COMPILER=$1
        return
        ;;
    esac
    options="-DCMAKE_TOOLCHAIN_FILE=$source/cmake/toolchains/$1.cmake -DKEYWARD_ROOT=$root -DKEYWARD_CXX="
}

# Sets `label`: which of the suites are built and run.
choose() { # choose PLATFORM
    label=$asked
    [ "$asked-$1" != suite-s390x ] || label=emulated
}

build() { # build PLATFORM
    rm -f "$folder/$1/CMakeCache.txt" # of another compiler, perhaps
    # shellcheck disable=SC2086 # one word an option
    cmake -S "$source" -B "$folder/$1" -DKEYWARD_WERROR=ON -DKEYWARD_EXAMPLES=OFF \
        -DKEYWARD_BENCH=OFF $options &&
        cmake --build "$folder/$1" -j "$(nproc)" --target keyward_shared keyward_cli "keyward_$label"
}

# With this system's SQLite everything would pass as well.
has_its_own_sqlite() { # has_its_own_sqlite PLATFORM
    [ "$1" = oldest ] || return 0
    for program in "$folder/$1/cli/keyward" "$folder/$1"/tests/test_*; do
        ldd "$program" | grep -qF "libsqlite3.so.0 => $root/lib/" || {
            echo "$program does not load the SQLite of $root"
            return 1
        }
    done
}

# The command on PLATFORM, as exchange.sh and this system start it.
command_on() { # command_on PLATFORM
    case $1 in
    s390x) echo "qemu-s390x -L $folder/s390x-root $folder/s390x/cli/keyward" ;;
    *) echo "$folder/$1/cli/keyward" ;;
    esac
}

# try PLATFORM NATIVE: builds, runs the suites, and exchanges stores with the command NATIVE.
try() {
    choose "$1"
    provide "$1" &&
        build "$1" &&
        has_its_own_sqlite "$1" &&
        (cd "$folder/$1" && ctest --output-on-failure --no-tests=error -j 2 -L "^$label\$") &&
        "$here/exchange.sh" "$2" "$(command_on "$1")" &&
        "$here/exchange.sh" "$(command_on "$1")" "$2"
}

printf '%-10s %8s %8s\n' platform tests seconds
for platform in "$@"; do
    began=$(date +%s)
    log=$folder/$platform.log
    if try "$platform" "$native" >"$log" 2>&1; then
        count=$(sed -n 's/.*tests passed.* out of \([0-9]*\)$/\1/p' "$log")
    else
        cat "$log" >&2
        count=FAILED failed="$failed $platform"
    fi
    printf '%-10s %8s %8s\n' "$platform" "$count" "$(($(date +%s) - began))"
done
[ -z "$failed" ]
