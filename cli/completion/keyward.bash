# SPDX-License-Identifier: MIT
# Completion of keyward for bash: source this file, or put it where bash-completion looks.
# What there is to complete the program itself tells, so that the two cannot differ.
# shellcheck shell=bash

# The words that a value or an operand of this kind can be.
_keyward_values() { # _keyward_values PROGRAM KIND CURRENT
    case $2 in
    FOLDER) mapfile -t COMPREPLY < <(compgen -d -- "$3") ;;
    FILE)
        compopt -o filenames 2>/dev/null
        mapfile -t COMPREPLY < <(compgen -f -- "$3")
        ;;
    COMMAND)
        mapfile -t COMPREPLY < <(
            compgen -W "$("$1" --list-commands | cut -f1 | cut -d ' ' -f1)" -- "$3" | sort -u
        )
        ;;
    *) mapfile -t COMPREPLY < <(compgen -W "$("$1" --list-values "$2")" -- "$3") ;;
    esac
}

# The second words of the commands that begin with this one.
_keyward_second_words() { # _keyward_second_words PROGRAM COMMAND
    "$1" --list-commands | awk -F '\t' -v head="$2 " '
        index($1, head) == 1 { print substr($1, length(head) + 1) }'
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
        elif [[ $operands -eq 0 ]] && _keyward_second_words "$program" "$command" |
            grep -qxF -e "$word"; then
            command="$command $word"
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
    elif [[ $operands -eq 0 && -n $(_keyward_second_words "$program" "$command") ]]; then
        mapfile -t COMPREPLY < <(
            compgen -W "$(_keyward_second_words "$program" "$command")" -- "$current"
        )
    else
        kind=$(_keyward_kind_of_operand "$program" "$command" $((operands + 1)))
        [[ -z $kind ]] || _keyward_values "$program" "$kind" "$current"
    fi
}

complete -F _keyward keyward
