#!/bin/sh
# SPDX-License-Identifier: MIT
# What keyward and its tests stand on, compiled for musl from the distribution's sources.
#   musl.sh SOURCES PREFIX   SOURCES: sqlite3, libsodium, check and jansson, by debian.sh;
#                            PREFIX: gets shared libraries, headers and their .pc files; shared, since
#                            tests lead calls of ours elsewhere, and not those of SQLite
# A PREFIX that is complete is left as it is.
set -eu
sources=$(cd -- "$1" && pwd)
[ ! -f "$2/.made" ] || exit 0
rm -rf "$2"
mkdir -p "$2/lib/pkgconfig" "$2/include" "$2/build"
prefix=$(cd -- "$2" && pwd)
build=$prefix/build

sqlite() {
    mkdir "$build/sqlite" && cd "$build/sqlite"
    "$sources/sqlite3/configure" --disable-tcl
    make sqlite3.c
    musl-gcc -O2 -fPIC -shared -DSQLITE_THREADSAFE=1 sqlite3.c -o "$prefix/lib/libsqlite3.so"
    cp sqlite3.h "$prefix/include"
    cat >"$prefix/lib/pkgconfig/sqlite3.pc" <<END
Name: SQLite
Description: SQL database engine
Version: $(cat "$sources/sqlite3/VERSION")
Libs: -L$prefix/lib -lsqlite3
Cflags: -I$prefix/include
END
}

sodium() {
    cp -R "$sources/libsodium" "$build/libsodium" && cd "$build/libsodium"
    autoreconf -i
    ./configure CC=musl-gcc --prefix="$prefix" --disable-static --disable-ssp
    make -C src/libsodium install
    make install-pkgconfigDATA
}

check() {
    cmake -S "$sources/check" -B "$build/check" -DCMAKE_C_COMPILER=musl-gcc \
        -DCMAKE_INSTALL_PREFIX="$prefix" -DCMAKE_INSTALL_LIBDIR=lib -DCMAKE_BUILD_TYPE=Release \
        -DBUILD_TESTING=OFF -DCHECK_ENABLE_SUBUNIT=OFF -DINSTALL_CHECKMK=OFF
    cmake --build "$build/check" --target install
    # Its file for pkg-config names Debian's other build of it.
    sed 's/-lcheck_pic/-lcheck/' "$build/check/check.pc" >"$prefix/lib/pkgconfig/check.pc"
}

jansson() {
    cmake -S "$sources/jansson" -B "$build/jansson" -DCMAKE_C_COMPILER=musl-gcc \
        -DCMAKE_INSTALL_PREFIX="$prefix" -DCMAKE_INSTALL_LIBDIR=lib -DCMAKE_BUILD_TYPE=Release \
        -DJANSSON_BUILD_SHARED_LIBS=ON -DJANSSON_EXAMPLES=OFF -DJANSSON_WITHOUT_TESTS=ON -DJANSSON_BUILD_DOCS=OFF
    cmake --build "$build/jansson" --target install
}

(sqlite) >"$build/sqlite.log" 2>&1 &
first=$!
for library in sodium check jansson; do
    ("$library") >"$build/$library.log" 2>&1 || {
        cat "$build/$library.log"
        wait "$first" || true
        exit 1
    }
done
wait "$first" || {
    cat "$build/sqlite.log"
    exit 1
}
touch "$prefix/.made"
