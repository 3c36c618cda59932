#!/bin/sh
# SPDX-License-Identifier: MIT
# Under load from wrk the server is killed and started again. What it had acknowledged is deleted and
# has its event, nothing else is deleted but what was in flight, and the clients go on by themselves.
#   load.sh SERVER LOAD-STORE WRK FOLDER
set -eu
server=$1 load_store=$2 wrk=$3
script=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)/load.lua
keys=50000 threads=2 connections=64

folder=$(mktemp -d "$4/load-XXXXXX")
server_process='' wrk_process=''

clean_up() {
    for process in $server_process $wrk_process; do
        kill -KILL "$process" 2>/dev/null || true
    done
    rm -rf "$folder"
}
trap clean_up EXIT
trap 'exit 1' INT TERM HUP

fail() {
    cat "$folder"/*.log >&2 2>/dev/null || true
    echo "http_load: $*" >&2
    exit 1
}

wait_until() { # wait_until WHAT COMMAND...: looks every 20 ms, for five minutes
    what=$1 attempts=0
    shift
    until "$@"; do
        attempts=$((attempts + 1))
        [ "$attempts" -lt 15000 ] || fail "in vain waited until $what"
        sleep 0.02
    done
}

# ---- the server ----

has_ended() {
    ! kill -0 "$server_process" 2>/dev/null
}

has_started_or_ended() {
    grep -q '^listening on ' "$folder/server.log" || has_ended
}

start_server() { # start_server PORT: false if it does not start
    : >"$folder/server.log" # what an earlier one said does not count
    "$server" --store "$folder/keys.db" --master-key-file "$folder/master.key" \
        --tokens "$folder/tokens.jsonl" --listen "127.0.0.1:$1" \
        >"$folder/server.log" 2>"$folder/server-error.log" &
    server_process=$!
    wait_until 'the server has started' has_started_or_ended
    grep -q '^listening on ' "$folder/server.log"
}

# Below the ports that systems give to clients: while nobody listens there, a client that comes from
# the very port it connects to would meet itself, and keep the server from its port.
start_server_on_any_port() {
    for attempt in 1 2 3 4 5 6 7 8 9; do
        port=$((10000 + ($$ * 13 + attempt * 1009) % 20000))
        ! start_server "$port" || return 0
    done
    fail 'the server does not start'
}

await_server() { # await_server STATUS: that with which it ends
    status=0
    wait_until 'the server has ended' has_ended
    wait "$server_process" 2>/dev/null || status=$?
    server_process=
    [ "$status" -eq "$1" ] || fail "the server exits with $status"
}

# ---- the load ----

start_load() { # start_load LIST FOLDER THREADS CONNECTIONS [PROCESS COUNT DELAY]
    list=$1 output=$2 its_threads=$3 its_connections=$4
    shift 4
    mkdir "$output"
    "$wrk" -d 900s -t "$its_threads" -c "$its_connections" -s "$script" \
        "http://127.0.0.1:$port" -- \
        "$list" "$output" "$token" "$its_threads" "$its_connections" "$@" >"$folder/wrk.log" 2>&1 &
    wrk_process=$!
}

has_finished() { # has_finished FOLDER THREADS
    [ "$(find "$1" -name 'finished-*' | wc -l)" -eq "$2" ]
}

# wrk itself would wait for its time to pass.
end_load() { # end_load FOLDER THREADS
    wait_until 'wrk has used up its list' has_finished "$1" "$2"
    kill -INT "$wrk_process"
    wait "$wrk_process" || fail 'wrk fails'
    wrk_process=
}

without() { # without FILE OTHER: the lines of FILE that are not in OTHER
    sort "$1" >"$folder/sorted"
    sort "$2" | comm -23 "$folder/sorted" -
}

lines() {
    wc -l <"$1" | tr -d ' '
}

# ---- the first server, and its sudden end ----

command -v "$wrk" >/dev/null || fail 'wrk is not installed (on Debian: apt-get install wrk)'
"$load_store" make "$folder" "$keys" || fail 'the store cannot be made'
token=$("$server" --tokens "$folder/tokens.jsonl" --new-token loader) || fail 'no token'
start_server_on_any_port
delay=$(($$ * 7919 % 5000)) # somewhere between two flushes
start_load "$folder/keys" "$folder/load" "$threads" "$connections" \
    "$server_process" $((keys / threads / 3)) "$delay"
await_server 137 # 128 and the number of SIGKILL

# Whatever wrk reads from now on is an answer that was on its way: for each connection one at most.
cat "$folder"/load/acknowledged-* >"$folder/acknowledged"
cat "$folder"/load/requested-* >"$folder/requested"
without "$folder/requested" "$folder/acknowledged" >"$folder/unanswered"
before=$(lines "$folder/acknowledged")
check_crash() { # check_crash ACKNOWLEDGED
    "$load_store" check "$folder" "$1" "$folder/unanswered" "$connections" 2>&1
}
crash=$(check_crash "$folder/acknowledged") || fail "after the kill: $crash"
lost=$(lines "$folder/deleted-unanswered")
cp "$folder/deleted-unanswered" "$folder/lost"

# A checker that never fails has shown nothing: this key is live.
tail -n 1 "$folder/keys" | sed 's/^[^ ]* \([^ ]*\) 1$/\1\/1/' | cat "$folder/acknowledged" - \
    >"$folder/planted"
if planted=$(check_crash "$folder/planted"); then
    fail "an acknowledged deletion that is not there is not found: $planted"
fi
echo "$planted" | grep -q 'its deletion was acknowledged, but it is live' ||
    fail "the planted fault is not found, but: $planted"

# ---- the second one: the clients come back, and what was not answered is asked for again ----

start_server "$port" || fail 'the server does not start again'
end_load "$folder/load" "$threads"
cat "$folder"/load/acknowledged-* >"$folder/acknowledged"
cat "$folder"/load/refused-* >"$folder/refused"
[ ! -s "$folder/refused" ] || fail "refused: $(head -n 3 "$folder/refused")"
sed -n 's/^  Socket errors/wrk: &/p; s/^Requests\/sec: */wrk: requests a second, the outage included: /p' \
    "$folder/wrk.log"

cat "$folder"/load/requested-* >"$folder/requested"
[ "$(lines "$folder/requested")" -eq "$keys" ] || fail 'wrk has not asked for each key once'
without "$folder/requested" "$folder/acknowledged" >"$folder/unanswered"
sed 's/\/1$//' "$folder/unanswered" | grep -F -f - "$folder/keys" | sed 's/ 1$/ 2/' >"$folder/again"
again=$(lines "$folder/again")
[ "$again" -le "$connections" ] || fail "$again requests were never answered"
if [ "$again" -gt 0 ]; then
    start_load "$folder/again" "$folder/second" 1 1
    end_load "$folder/second" 1
    cat "$folder/second/acknowledged-0" >>"$folder/acknowledged"
    cat "$folder/second/refused-0" >>"$folder/refused"
fi
kill -TERM "$server_process"
await_server 0
after=$(($(lines "$folder/acknowledged") - before))

# Who asks again is told that it was done, and of nothing else.
final=$("$load_store" check "$folder" "$folder/acknowledged" "$folder/lost" "$connections" 0 2>&1) ||
    fail "at the end: $final"
answer='404 {"success":false,"message":"AI API key already deleted"}'
sed "s/\/1\$/\/2 $answer/" "$folder/deleted-unanswered" | sort >"$folder/expected"
sort "$folder/refused" | cmp -s - "$folder/expected" || fail "refused: $(head -n 3 "$folder/refused")"

echo "at the kill, $delay us after an answer: $crash"
echo "at the end: $final"
echo "$before acknowledged before the kill, $after after it; $again asked for twice;" \
    "$lost deleted in flight, $(lines "$folder/deleted-unanswered") of them without an answer"
echo "every acknowledged deletion is there with its one event, and no other but those in flight"
