#!/bin/sh
# SPDX-License-Identifier: MIT
# keyward(1) has each command with its options, as the command itself lists them, and each exit
# status of the help; and no others. What its examples show can be typed.
#   command.sh PAGE PROGRAM
set -eu
export LC_ALL=C
page=$1 program=$(cd -- "$(dirname -- "$2")" && pwd)/$(basename -- "$2")

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

differ() { # differ WHAT: of $folder/program and $folder/page
    if ! diff "$folder/program" "$folder/page" >"$folder/difference"; then
        echo "manual: $1 of the command (<) and of keyward(1) (>) differ:" >&2
        grep '^[<>]' "$folder/difference" >&2
        exit 1
    fi
}

# "COMMAND" and "COMMAND --option VALUE" a line; without COMMAND what every command has.
"$program" --list-options | cut -f 1,2 | tr '\t' ' ' >"$folder/every"
"$program" --list-commands | cut -f 1 >"$folder/commands"
{
    cat "$folder/every" "$folder/commands"
    while read -r command; do
        "$program" --list-options "$command" | cut -f 1,2 | tr '\t' ' ' |
            grep -vxF -f "$folder/every" | sed "s/^/$command /" || :
    done <"$folder/commands"
} | sed 's/ $//' | sort -u >"$folder/program"

# ".It Cm COMMAND Ar OPERAND" or, where that is long, ".It Xo" and ".Cm COMMAND"; in the list of a
# command, and before all commands, ".It Fl -option Ar VALUE".
awk '/^\.Sh / { section = $2; command = "" }
     section != "OPTIONS" && section != "COMMANDS" { next }
     /^\.It Cm / || (/^\.Cm / && after_xo) {
         command = ""
         for (i = /^\.It/ ? 3 : 2; i <= NF && $i ~ /^[a-z]+$/; i++)
             command = command (command ? " " : "") $i
         print command
     }
     { after_xo = /^\.It Xo/ }
     /^\.It Fl -/ {
         print (command ? command " " : "") "-" $3 (NF > 4 ? " " $5 : "")
     }' "$page" | sort -u >"$folder/page"
differ 'commands and options'

"$program" --help | sed -n '/^Exit codes$/,/^    A failure/p' |
    grep -Eo '(^|  ) *[0-9]+ [A-Za-z]' | tr -dc '0-9\n' | sort -u >"$folder/program"
awk '/^\.Sh / { within = /EXIT STATUS/ } within && /^\.It / { print $2 }' "$page" |
    sort -u >"$folder/page"
[ -s "$folder/program" ] || {
    echo 'manual: the help of the command has no exit codes' >&2
    exit 1
}
differ 'exit statuses'

# All examples in one folder, one after the other.
{
    echo 'set -eu'
    awk '/^\.Sh / { section = $2 }
         /^\.Ed/ { within = 0 }
         within
         section == "EXAMPLES" && /^\.Bd -literal/ { within = 1 }' "$page"
} >"$folder/examples.sh"
mkdir "$folder/bin" "$folder/empty"
ln -s "$program" "$folder/bin/keyward"
(cd "$folder/empty" && PATH=$folder/bin:$PATH sh "$folder/examples.sh") \
    >"$folder/output" 2>&1 </dev/null || {
    cat "$folder/output" >&2
    echo 'manual: an example of keyward(1) fails' >&2
    exit 1
}
[ -f "$folder/empty/checkpoint" ] || {
    echo 'manual: the examples of keyward(1) have not run' >&2
    exit 1
}
