#!/bin/sh
# SPDX-License-Identifier: MIT
# The oldest SQLite that keyward works with, compiled with no option of its own. The source is the one
# that an npm package carries; the program that is in that package as well is not built.
#   oldest.sh PREFIX   gets the shared library, its header and its .pc file
# A PREFIX that is complete is left as it is.
set -eu
package=better-sqlite3@7.4.6
sum=e893c1608ce81fab1e067c958c2c60531d63188b8baa0c2e16a241355480d7d8
version=3.37.0

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
header=$here/../../include/keyward/keyward.h

[ "$#" -eq 1 ] || {
    sed -n 's/^#   /usage: /p' "$0" >&2
    exit 2
}

# A minimum that has changed wants another package here, and its sum.
minimum=$(sed -n 's/^#define KEYWARD_SQLITE_MIN "\(.*\)"$/\1/p' "$header")
[ "$minimum" = "$version" ] || {
    echo "$package has SQLite $version, but keyward.h names $minimum as the oldest" >&2
    exit 1
}

made=$1/.made-of
if [ -f "$made" ] && [ "$(cat "$made")" = "$package $sum" ]; then
    exit 0
fi
rm -rf "$1"
mkdir -p "$1/lib/pkgconfig" "$1/include" "$1/build"
prefix=$(cd -- "$1" && pwd)
cd -- "$prefix/build"

archive=$(npm pack --loglevel=error "$package")
echo "$sum  $archive" | sha256sum -c -
tar -xzf "$archive" package/deps/sqlite3.tar.gz
tar -xzf package/deps/sqlite3.tar.gz
grep -q "^#define SQLITE_VERSION  *\"$version\"$" sqlite3.h || {
    echo "$package is not SQLite $version:" >&2
    grep '^#define SQLITE_VERSION ' sqlite3.h >&2
    exit 1
}

gcc -O2 -g -fPIC -shared -Wl,-soname,libsqlite3.so.0 sqlite3.c -o "$prefix/lib/libsqlite3.so.0"
ln -s libsqlite3.so.0 "$prefix/lib/libsqlite3.so"
cp sqlite3.h "$prefix/include"
cat >"$prefix/lib/pkgconfig/sqlite3.pc" <<END
Name: SQLite
Description: SQL database engine
Version: $version
Libs: -L$prefix/lib -lsqlite3
Cflags: -I$prefix/include
END
echo "$package $sum" >"$prefix/.made-of"
