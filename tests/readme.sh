#!/bin/sh
# SPDX-License-Identifier: MIT
# The README's example works as it stands: against the built library, and in a project that has
# keyward as a subfolder, to which keyward adds no test, no flag and no build type.
#   CC=... readme.sh README SOURCE-FOLDER LIBRARY-FOLDER
set -eu
readme=$1 source=$2 library=$3
unset CFLAGS LDFLAGS

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

fail() {
    echo "readme: $*" >&2
    exit 1
}

runs() { # runs PROGRAM: in an empty folder
    rm -rf "$folder/empty"
    mkdir "$folder/empty"
    (cd "$folder/empty" && "$1") || fail "the example exits with $? ($1)"
}

# The first block of C that opens a store.
awk '/^```c$/ { within = 1; text = ""; next }
     /^```/ { if (within && text ~ /keyward_open/) { printf "%s", text; exit } within = 0 }
     within { text = text $0 "\n" }' "$readme" >"$folder/app.c"
[ -s "$folder/app.c" ] || fail "no block of C in $readme calls keyward_open"

"${CC:-cc}" -std=c11 -Wall -Wextra -Werror -I "$source/include" "$folder/app.c" \
    -L "$library" "-Wl,-rpath,$library" -lkeyward -o "$folder/app" ||
    fail 'the example does not compile'
runs "$folder/app"

cat >"$folder/CMakeLists.txt" <<'END'
cmake_minimum_required(VERSION 3.16)
project(host LANGUAGES C)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
enable_testing()
add_subdirectory(${KEYWARD} keyward)
add_executable(app app.c)
target_link_libraries(app PRIVATE keyward::keyward)
add_executable(app_static app.c)
target_link_libraries(app_static PRIVATE keyward::static)
if(CMAKE_BUILD_TYPE)
    message(FATAL_ERROR "keyward chose a build type for its host")
endif()
END
{
    cmake -S "$folder" -B "$folder/build" -DKEYWARD="$source" &&
        cmake --build "$folder/build" -j 2
} >"$folder/log" 2>&1 || {
    cat "$folder/log" >&2
    fail 'a project with keyward as a subfolder does not build'
}
runs "$folder/build/app"
runs "$folder/build/app_static"

(cd "$folder/build" && ctest -N) | grep -qx 'Total Tests: 0' || fail 'keyward adds tests to its host'
grep '"command".*app\.c' "$folder/build/compile_commands.json" >"$folder/commands" ||
    fail 'the commands that compile the example are not to be found'
if grep -E -e ' -[WDf]' "$folder/commands" >&2; then
    fail 'keyward adds flags to its host'
fi
