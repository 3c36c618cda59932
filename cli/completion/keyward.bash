# SPDX-License-Identifier: MIT
# Completion of keyward for bash: source this file, or put it where bash-completion looks.
# What there is to complete the program itself tells, so that the two cannot differ.
# shellcheck shell=bash

# The words that a value or an operand of this kind can be.
_keyward_values() { # _keyward_values PROGRAM KIND CURRENT
    case $2 in
    FILE)
        compopt -o filenames 2>/dev/null
        mapfile -t COMPREPLY < <(compgen -f -- "$3")
        ;;
    COMMAND)
        mapfile -t COMPREPLY < <(compgen -W "$("$1" --list-commands | cut -f1)" -- "$3" | sort -u)
        ;;
    *) mapfile -t COMPREPLY < <(compgen -W "$("$1" --list-values "$2")" -- "$3") ;;
    esac
}

# The kind of an option's value; nothing if it takes none.
_keyward_kind_of_option() { # _keyward_kind_of_option OPTIONS NAME
    printf '%s\n' "$1" | awk -F '\t' -v name="$2" '$1 == name { print $2 }'
}

# The kind of the nth operand; the last one may repeat.
_keyward_kind_of_operand() { # _keyward_kind_of_operand PROGRAM COMMAND N
    "$1" --list-operands "$2" | awk -v n="$3" '
        { repeats = sub(/\.\.\.$/, "") }
        NR == n || (repeats && NR <= n) { print; exit }'
}

_keyward() {
    local program=${COMP_WORDS[0]} current=${COMP_WORDS[COMP_CWORD]}
    local command='' kind='' operands=0 options word index
    COMPREPLY=()
    options=$("$program" --list-options 2>/dev/null) || return

    for ((index = 1; index < COMP_CWORD; index++)); do
        word=${COMP_WORDS[index]}
        if [[ $word == '=' ]]; then # bash makes --name=value three words
            continue
        elif [[ -n $kind ]]; then
            kind=''
        elif [[ $word == --* ]]; then
            kind=$(_keyward_kind_of_option "$options" "$word")
        elif [[ -z $command ]]; then
            command=$word
            options=$("$program" --list-options "$command")
        elif [[ $command == audit && $word == export && $operands -eq 0 ]]; then
            command='audit export'
            options=$("$program" --list-options "$command")
        else
            operands=$((operands + 1))
        fi
    done

    [[ $current != '=' ]] || current=''
    if [[ -n $kind ]]; then
        _keyward_values "$program" "$kind" "$current"
    elif [[ $current == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$(printf '%s\n' "$options" | cut -f1)" -- "$current")
    elif [[ -z $command ]]; then
        _keyward_values "$program" COMMAND "$current"
    elif [[ $command == audit ]]; then
        mapfile -t COMPREPLY < <(compgen -W export -- "$current")
    else
        kind=$(_keyward_kind_of_operand "$program" "$command" $((operands + 1)))
        [[ -z $kind ]] || _keyward_values "$program" "$kind" "$current"
    fi
}

complete -F _keyward keyward
