#!/bin/sh
# SPDX-License-Identifier: MIT
# keyward(5) has each table of the schema, and each column in its table, and no others; and its
# examples run.
#   format.sh PAGE SCHEMA-FOLDER
set -eu
export LC_ALL=C
page=$1 schema=$2

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

cat "$schema"/*.sql >"$folder/schema.sql"
sqlite3 "$folder/store.db" ".read $folder/schema.sql"
sqlite3 -separator ' ' "$folder/store.db" "SELECT 'table', t.name, c.name
    FROM sqlite_schema AS t, pragma_table_xinfo(t.name) AS c WHERE t.type = 'table'" |
    sort >"$folder/stored"
[ -s "$folder/stored" ] || {
    echo "manual: there is no table in $schema" >&2
    exit 1
}

# ".Ss Table NAME", and in it ".It Va COLUMN , COLUMN".
awk '/^\.S[sh] / { table = $2 == "Table" ? $3 : "" }
     table && /^\.It Va / { for (i = 3; i <= NF; i++) if ($i != ",") print "table", table, $i }' \
    "$page" | sort >"$folder/described"
if ! diff "$folder/stored" "$folder/described" >"$folder/difference"; then
    echo 'manual: columns of the schema (<) and of keyward(5) (>) differ:' >&2
    grep '^[<>]' "$folder/difference" >&2
    exit 1
fi

awk '/^\.Sh / { section = $2 }
     /^\.Ed/ { within = 0 }
     within
     section == "EXAMPLES" && /^\.Bd -literal/ { within = 1 }' "$page" >"$folder/examples.sql"
[ -s "$folder/examples.sql" ] || {
    echo 'manual: keyward(5) has no example' >&2
    exit 1
}
sqlite3 -bail "$folder/store.db" ".read $folder/examples.sql" || {
    echo 'manual: an example of keyward(5) does not run' >&2
    exit 1
}
