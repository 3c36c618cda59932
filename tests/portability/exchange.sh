#!/bin/sh
# SPDX-License-Identifier: MIT
# A store goes from one system to another and back: each finds what the other has written, also in
# a log that was not yet written back, and verifies what the other has signed.
#   exchange.sh KEYWARD FOREIGN-KEYWARD   two commands, each one or more words
set -eu
one=$1 other=$2
folder=$(mktemp -d)
follower=
trap 'test -z "$follower" || kill -9 "$follower" 2>/dev/null || true; rm -rf "$folder"' EXIT
cd -- "$folder"

fail() {
    echo "exchange: $*" >&2
    exit 1
}

# write COMMAND NAME: two keys, of which one is deleted. Somebody who looks on keeps the log from
# being written back, and is killed.
write() {
    # shellcheck disable=SC2086 # one word a part of the command
    {
        $1 audit --follow --after 0 >seen 2>&1 &
        follower=$!
        until [ -s seen ]; do # it has the store open
            sleep 0.1
            kill -0 "$follower" 2>/dev/null || fail "$(cat seen)"
        done
        $1 create repo "$2" --secret-out "$2.secret" --json >"$2.json"
        $1 create repo "$2 old" --secret-out unused --json >/dev/null
        $1 delete repo "$2 old" >/dev/null
        rm unused
        kill -9 "$follower"
        wait "$follower" 2>/dev/null || true
        follower=
    }
    [ -s keys.db-wal ] || fail "the log of '$1' was written back"
}

# read_back COMMAND NAME: the live key opens with its secret, the deleted one is gone, and all is sound.
read_back() {
    # shellcheck disable=SC2086 # as above
    {
        $1 check >/dev/null || fail "'$1' finds damage"
        $1 list repo --json >listed
        grep -q "\"name\": *\"$2\"" listed || fail "'$1' does not find '$2'"
        ! grep -q "\"name\": *\"$2 old\"" listed || fail "'$1' lists a deleted key"
        access_key=$(sed -n 's/.*"access_key": *"\([^"]*\)".*/\1/p' "$2.json")
        $1 auth "$access_key" --secret-file "$2.secret" >/dev/null ||
            fail "'$1' does not open '$2'"
        [ "$($1 reveal repo "$2")" = "$(cat "$2.secret")" ] || fail "'$1' reveals another secret"
    }
}

# prove COMMAND VERIFIER: a receipt of the newest deletion.
prove() {
    # shellcheck disable=SC2086 # as above
    {
        sequence=$($1 audit --action key.deleted --limit 1 --json |
            sed -n 's/.*"sequence": *\([0-9]*\).*/\1/p')
        key=$($1 audit key)
        $1 audit checkpoint >/dev/null
        $1 audit receipt "$sequence" >proof
        $2 verify --receipt proof --log-key "$key" >/dev/null ||
            fail "'$2' does not verify what '$1' has signed"
    }
}

# shellcheck disable=SC2086 # as above
{
    $one init --quiet
    $one grant repo anna admin >/dev/null
    $one audit key --origin example.org/keys >/dev/null 2>&1
}
write "$one" here
read_back "$other" here
write "$other" there
read_back "$one" there
read_back "$one" here
prove "$one" "$other"
prove "$other" "$one"
