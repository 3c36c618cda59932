#!/bin/sh
# SPDX-License-Identifier: MIT
# A checker that never fails has shown nothing. Each one here meets a fault planted for it, which it
# must find, and where that can be told apart the same without the fault, which it must pass.
#   checkers/run.sh C-COMPILER PLAIN-BUILD-FOLDER FOLDER-TO-WORK-IN
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
cc=$1 plain=$(cd -- "$2" && pwd)
mkdir -p "$3"
work=$(cd -- "$3" && pwd)
output=$work/output
# shellcheck source=tests/checkers/report.sh
. "$root/tests/checkers/report.sh"

# ---- the compiler's checkers, with the flags of cmake/Keyward.cmake ----

generator=$(sed -n 's/^CMAKE_GENERATOR:INTERNAL=//p' "$plain/CMakeCache.txt")

configure() { # configure FOLDER FAULTS CMAKE-OPTION...
    folder=$work/$1 faults=$2
    shift 2
    passes "configuring $folder" cmake -S "$root/tests/checkers" -B "$folder" -G "$generator" \
        -DCMAKE_C_COMPILER="$cc" -DCMAKE_BUILD_TYPE=RelWithDebInfo -DFAULTS="$faults" "$@"
}

pair() { # pair FOLDER FAULT PATTERN
    passes "$2" cmake --build "$work/$1" --target "$2_0" "$2_1"
    passes "$2" "$work/$1/$2_0"
    finds "$2" "$3" "$work/$1/$2_1"
}

configure address 'heap_overflow;use_after_free;signed_overflow;leak' \
    -DKEYWARD_SANITIZE=address,undefined
pair address heap_overflow 'AddressSanitizer: heap-buffer-overflow'
pair address use_after_free 'AddressSanitizer: heap-use-after-free'
pair address signed_overflow 'runtime error: signed integer overflow'
if [ "$(uname)" = Linux ]; then # the only system where it is on by itself
    pair address leak 'LeakSanitizer: detected memory leaks'
fi

configure thread data_race -DKEYWARD_SANITIZE=thread
pair thread data_race 'ThreadSanitizer: data race'

configure warnings conversion -DKEYWARD_WERROR=ON
passes conversion cmake --build "$work/warnings" --target conversion_0
finds conversion 'Werror.*conversion' cmake --build "$work/warnings" --target conversion_1

# ---- style ----

cd "$root"
misplaced() {
    printf 'int  main( void ){return 0;}\n' |
        clang-format --style=file --assume-filename=lib/planted.c --dry-run -Werror
}
finds 'C out of format' 'Wclang-format-violations' misplaced

# ---- analysis, as in run; the fault is in the first of two branches ----

planted() { # planted STATEMENT: a file that does so, for one of the analysers
    printf '%s\n' '#include <stdlib.h>' 'int planted(int n);' 'int planted(int n)' '{' \
        '    char *text = malloc(8);' "    $1" '    free(text);' '    return n;' '}' \
        >"$work/analysed.c"
}
tidy() {
    "$clang_tidy" --quiet --config-file=.clang-tidy "$work/analysed.c" -- -std=c11
}
analyzer() {
    gcc -fanalyzer -Werror -c "$work/analysed.c" -o "$work/analysed.o"
}
check_by_cppcheck() {
    cppcheck -q --enable=warning --error-exitcode=1 "$work/analysed.c"
}
clang_tidy=$(command -v clang-tidy-19 || echo clang-tidy)
planted 'n++;'
passes clang-tidy tidy
passes cppcheck check_by_cppcheck
planted 'if (n > 7) return *(volatile int *)NULL;'
finds 'a null pointer that clang-tidy sees' 'core.NullDereference' tidy
planted 'if (n > 7) return n;'
finds 'a leak that clang-tidy sees' 'unix.Malloc' tidy
finds 'a leak that cppcheck sees' 'memleak|Memory leak' check_by_cppcheck
finds 'a leak that gcc sees' 'analyzer-malloc-leak' analyzer
planted 'free(text);'
finds 'memory freed twice, seen by gcc' 'analyzer-double-free' analyzer

unquoted() {
    # shellcheck disable=SC2016 # the fault itself
    printf '#!/bin/sh\nrm $1\n' | shellcheck -
}
finds 'a shell variable without quotes' SC2086 unquoted

# ---- the tests' own main function, and ctest ----

passes 'a suite' "$plain/tests/checker_suite" passing
finds 'an assertion that fails' 'Checks: 2, Failures: 1' "$plain/tests/checker_suite" failing
finds 'a suite without tests' 'Checks: 0' "$plain/tests/checker_suite" empty

# ---- the fuzzers, each with a fault that its corpus meets; see tests/fuzz/planted ----

for program in "$plain"/tests/fuzz/fuzz_*_planted; do
    name=${program##*/fuzz_}
    name=${name%_planted}
    finds "$(sed -n '2s,^/\* \(.*\)\. \*/$,\1,p' "tests/fuzz/planted/$name.c")" 'does not hold: ' \
        "$program" "tests/fuzz/corpus/$name"
done

# ---- what a call does wrong when it meets a fault ----

failing_call() {
    "$plain/tests/checker_faults" "$1"
}
passes 'a call that fails as it should' failing_call not
finds 'a leak on the way out' '1 of the library' failing_call leak
finds 'a leak of SQLite on the way out' 'left are [1-9][0-9]* blocks of SQLite' \
    failing_call sqlite-leak
finds 'a file that stays open' '[1-9][0-9]* open files' failing_call open-file
finds 'a lock that is kept' 'a lock is held' failing_call lock
finds 'a result of a call that failed' 'deletion' failing_call result
finds 'a row of a call that failed' 'something stayed' failing_call row
finds 'a failed flush that is tried again' 'a flush failed and nobody was told' \
    failing_call swallowed
finds 'the wrong status' 'got 12 .*wanted 10' failing_call code

mkdir -p "$work/no-tests"
no_tests() {
    (cd "$work/no-tests" && ctest --no-tests=error)
}
finds 'a build without tests' 'No tests were found' no_tests

# ---- the scripts that look at sources, header and library ----

layers() { # layers [FOLDER LINE]: a file of that line, planted in a copy of lib/
    copy=$work/layers
    rm -rf "$copy"
    cp -R lib "$copy"
    [ $# -eq 0 ] || printf '%s\n' "$2" >"$copy/$1/planted.h"
    tests/layers.sh "$copy"
}
passes 'the layers' layers
finds 'base that knows another layer' 'base/planted.h: includes' \
    layers base '#include "seal/seal.h"'
finds 'seal that knows the connection' 'seal/planted.h: includes' \
    layers seal '#include "connection/connection.h"'
finds 'proofs that know what is sealed' 'proof/planted.h: includes' \
    layers proof '#include "seal/seal.h"'
finds 'a layer that knows a higher one' 'connection/planted.h: includes' \
    layers connection '#include "transaction/transaction.h"'
finds 'an operation that knows the API' 'operations/planted.h: includes' \
    layers operations '#  include "api/store.h"'
finds 'a detour by a relative path' 'seal/planted.h: includes' \
    layers seal '#include "../connection/connection.h"'
finds 'a file of no layer' 'planted.h: not in a folder' layers . ''
finds "SQLite's header in an operation" 'operations/planted.h: names SQLite' \
    layers operations '#include <sqlite3.h>'
finds 'an SQLite type in a transaction' 'transaction/planted.h: names SQLite' \
    layers transaction 'void planted(sqlite3 *db);'
finds 'an SQLite call in the API' 'api/planted.h: names SQLite' \
    layers api 'int planted(void) { return sqlite3_initialize(); }'

model() { # model SED-COMMAND: on a copy of the commit queue
    copy=$work/model
    rm -rf "$copy"
    cp -R lib "$copy"
    sed "$1" lib/transaction/commit_queue.c >"$copy/transaction/commit_queue.c"
    tests/model/run.sh guard "$cc" "$copy" "$work/model-guard"
}
passes 'the functions that the model names' model ''
finds 'a model of a function that is gone' 'what the model stands for: give_up' \
    model 's/give_up(/withdraw_late(/'
finds 'a function that the model does not know' 'what the model does not know: planted' \
    model '2s/.*/static void planted(void) { }/'

header=include/keyward/keyward.h
library() { # library TEXT: a small library of its own
    printf '%s\n' "$1" >"$work/planted.c"
    "$cc" -c -fPIC -O1 -Wno-return-type "$work/planted.c" -o "$work/planted.o"
    rm -f "$work/planted.a"
    ar rc "$work/planted.a" "$work/planted.o"
}
state() { # state TEXT: the code of a library
    library "$1"
    tests/no_shared_state.sh "$work/planted.a"
}
static_names() { # static_names TEXT: the code of a library with the function `planted`
    library "$1"
    echo 'KEYWARD_API int planted(void);' >"$work/planted.h"
    tests/static_names.sh "$work/planted.a" "$work/planted.h"
}
side_effects() { # side_effects STATEMENT
    library "#include <stdio.h>
#include <stdlib.h>
#include <assert.h>
#include <pthread.h>
#include <unistd.h>
int planted(int n, char *text) { $1 }"
    tests/no_side_effects.sh "$work/planted.a"
}
if [ "$(uname)" != Darwin ]; then # as in tests/CMakeLists.txt
    passes 'constants' state 'static int one(void) { return 1; }
        static int (*const calls[])(void) = {one, one};
        int planted(void) { return calls[one()](); }'
    finds 'a global variable' '^calls' \
        state 'static int calls; int planted(void) { return ++calls; }'
    finds 'a static variable with a value' '^calls' \
        state 'int planted(void) { static int calls = 7; return ++calls; }'
    finds 'another thread-local variable' '^calls' \
        state 'static _Thread_local int calls; int planted(void) { return ++calls; }'

    passes 'a public function' static_names 'int planted(void) { return 0; }'
    finds 'a function that the files of the static library share' '^> more$' \
        static_names '__attribute__((visibility("hidden"))) int more(void) { return 0; }
            int planted(void) { return 0; }'
    finds 'a function that the static library lacks' '^< planted$' static_names ''

    passes 'a quiet library' side_effects 'return snprintf(text, 9, "%d", n);'
    finds 'a library that prints' 'printf|puts' side_effects 'return printf("%d%s", n, text);'
    finds 'a library that exits' exit side_effects 'exit(n);'
    finds 'a library that asserts' assert side_effects 'assert(n);'
    finds 'a library that reads the environment' getenv side_effects 'return !getenv(text);'
    finds 'a library that starts a thread' pthread_create \
        side_effects 'pthread_t t; return pthread_create(&t, 0, 0, text);'
fi

if [ "$(uname)" != Darwin ]; then
    softened() { # softened COMPILER-OPTION...: a program built with these as the last ones
        printf '%s\n' '#include <stdio.h>' '#include <string.h>' \
            'int main(int n, char **words) { char text[64]; strcpy(text, words[0]);' \
            'return n + text[1]; }' >"$work/softened.c"
        "$cc" -O2 -fPIE -pie -fstack-protector-strong -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 \
            -Wl,-z,relro,-z,now,-z,noexecstack "$@" "$work/softened.c" -o "$work/softened"
        tests/hardening.sh "$work/softened"
    }
    passes 'a hardened program' softened
    finds 'a stack without guards' 'no guard' softened -fno-stack-protector
    finds 'buffers without a size' 'no functions that know' softened -U_FORTIFY_SOURCE
    finds 'an executable stack' 'is executable' softened -Wl,-z,execstack
    finds 'functions that are looked up late' 'looked up late' softened -Wl,-z,lazy
    finds 'tables that stay writable' 'no part that becomes read-only' softened -Wl,-z,norelro
    finds 'a program at a fixed address' 'fixed address' softened -fno-pie -no-pie
fi

# ---- the reference, and what says which functions there are ----

described() { # described SED-COMMAND: on a copy of the header
    mkdir -p "$work/reference/keyward"
    sed "$1" $header >"$work/reference/keyward/keyward.h"
    cmake/reference.sh "$work/reference/keyward/keyward.h" "$work/reference"
}
passes 'the reference' described ''
finds 'a parameter that is not described' "parameter 'role'" described '/@param role what/d'
finds 'a parameter that there is not' "'rule' of command @param is not found" \
    described 's/@param role what/@param rule what/'
finds 'a result that is not described' 'return type of member keyward_last_error' \
    described '/@return never NULL; the library/d'
finds 'a member that is not described' 'Member durability .* is not documented' \
    described 's,/\*\*< what a commit survives \*/,,'
finds 'an enumerator that is not described' 'KEYWARD_GOOGLE is not documented' \
    described 's,/\*\*< Google \*/,,'
finds 'a status that there is not' "'KEYWARD_NOMEMORY' could not be resolved" \
    described 's/or KEYWARD_NOMEM$/or KEYWARD_NOMEMORY/'

# A library of functions that do nothing, as header and version script have them.
hollow() { # hollow HEADER-SED-COMMAND SCRIPT-SED-COMMAND
    mkdir -p "$work/hollow/keyward"
    sed "$1" $header >"$work/hollow/keyward/keyward.h"
    sed "$2" lib/keyward.map >"$work/hollow/keyward.map"
    {
        echo '#include <keyward/keyward.h>'
        "$cc" -E -P "$work/hollow/keyward/keyward.h" | tr '\n;' ' \n' |
            sed -n 's/.*\(__attribute__((visibility.*keyward_[a-z_]*(.*)\) *$/\1 { abort(); }/p'
    } >"$work/hollow/hollow.c"
    "$cc" -g -w -fPIC -shared -include stdlib.h -I "$work/hollow" "$work/hollow/hollow.c" \
        -Wl,-soname,libkeyward.so.0 "-Wl,--version-script=$work/hollow/keyward.map" \
        -o "$work/hollow/libkeyward.so"
}
agreement() { # agreement [FILE SED-COMMAND]: on copies of what is compared with the last hollow library
    copy=$work/agreement
    rm -rf "$copy"
    mkdir "$copy"
    cp -R $header lib/keyward.map man "$copy"
    if [ $# -gt 0 ]; then
        sed "$2" "$copy/$1" >"$copy/edited"
        mv "$copy/edited" "$copy/$1"
    fi
    tests/packaging/agreement.sh "$copy/keyward.h" "$work/hollow/libkeyward.so" \
        "$copy/keyward.map" "$copy/man"
}
if [ "$(uname)" = Linux ]; then
    hollow '' ''
    passes 'the places that name functions' agreement
    finds 'a function that is not in the header' 'keyward_close: not in the header' \
        agreement keyward.h 's/^KEYWARD_API void keyward_close/void keyward_close/'
    finds 'a function without its version' 'keyward_close: without a version in the header' \
        agreement keyward.h '/^KEYWARD_API void keyward_close/i\
/** */'
    finds 'a function that came later than the header says' 'keyward_grant: 0.2 in the header' \
        agreement keyward.h '1,/keyward_grant(/s/@since 0.1/@since 0.2/'
    finds 'a function that the version script lacks' 'keyward_close: not in the script' \
        agreement keyward.map '/keyward_close;/d'
    finds 'a function that the manual lacks' 'keyward_close: not in the manual' \
        agreement man/keyward_open.3 '/^\.Fn keyward_close/d'
    no_manual() {
        mkdir -p "$work/no-manual"
        tests/packaging/agreement.sh $header "$plain/lib/libkeyward.so" lib/keyward.map \
            "$work/no-manual"
    }
    finds 'a manual without functions' 'no function at all in the manual' no_manual
    hollow '/^KEYWARD_API void keyward_close/d' ''
    finds 'a function that is declared and not exported' 'keyward_close: not in the library' agreement
    hollow 's/^KEYWARD_API void keyward_close/KEYWARD_API void keyward_more(void);&/' \
        's/keyward_close;/&keyward_more;/'
    finds 'a function that is exported and not declared' 'keyward_more: not in the header' agreement
    hollow '' 's/^KEYWARD_0.1//'
    finds 'functions that are exported without a version' \
        'keyward_close: without a version in the library' agreement
fi

abi() { # abi [HEADER-SED-COMMAND [SCRIPT-SED-COMMAND]]: of a hollow library
    hollow "${1-}" "${2-}"
    tests/packaging/abi.sh compare "$work/hollow/libkeyward.so" "$work/hollow" "$record"
}
record=tests/packaging/abi/$(uname -m)-linux-gnu.xml
if [ "$(uname)" = Linux ] && [ -e "$record" ]; then # as in tests/packaging/CMakeLists.txt
    passes 'the recorded ABI' abi
    finds 'a function that is gone' '1 Removed' abi '/keyward_version(void);/d'
    finds 'a function that is not recorded' '1 Added' \
        abi 's/^KEYWARD_API void keyward_close/KEYWARD_API void keyward_more(void);&/' \
        's/keyward_close;/&keyward_more;/'
    finds 'a function of another version' '59 Removed' abi '' 's/^KEYWARD_0.1/KEYWARD_0.2/'
    finds 'a parameter of another type' 'changed from int64_t to int32_t' \
        abi 's/int64_t checkpoint_size,/int32_t checkpoint_size,/'
    finds 'a member of another type in the library' 'changed from int64_t to int32_t' \
        abi 's/int64_t unless_used_within;/int32_t unless_used_within;/'
    finds 'a struct that has grown' 'data member insertion' \
        abi 's/^} keyward_stats;/int64_t more; &/'
    finds 'a member that has moved' "offset changed" \
        abi 's/const char \*log_key; /const char *planted; &/'
    finds 'an enumerator that has moved' "KEYWARD_BUSY. from value .8. to .80." \
        abi 's/KEYWARD_BUSY = 8,/KEYWARD_BUSY = 80,/'
    finds 'an enumerator that is not recorded' 'enumerator insertion' \
        abi 's/KEYWARD_AWS = 4 /KEYWARD_AWS = 4, KEYWARD_MORE = 5 /'
    finds 'a limit that sizes an array' 'keyward_identity' \
        abi 's/KEYWARD_ID_MAX 255/KEYWARD_ID_MAX 254/'
    hollow '' ''
    strip --strip-debug "$work/hollow/libkeyward.so"
    finds 'a library that does not tell its types' 'has no debug information' \
        tests/packaging/abi.sh compare "$work/hollow/libkeyward.so" "$work/hollow" "$record"
fi

headers() { # headers SED-COMMAND: on a copy of the header
    mkdir -p "$work/include/keyward"
    sed "$1" $header >"$work/include/keyward/keyward.h"
    tests/headers/run.sh "$cc" g++ "$work/include"
}
finds 'a header that needs another' 'int64_t' headers '/include <stdint.h>/d'
finds 'a header that is no C++' 'error' headers 's/void \*clock_context/void *class/'
finds 'an initialiser with a field too few' 'missing initializer' headers 's/, KEYWARD_NAMES_KEPT *\\$/ \\/'
finds 'another default' 'not the documented one' headers '/define KEYWARD_BUSY_TIMEOUT_DEFAULT/s/5000/500/'

# ---- the manual ----

manual=tests/packaging/manual
passes 'installing the manual' $manual/install.sh "$plain/man/cmake_install.cmake" "$work/installed"
installed=$(find "$work/installed" -name man3)
installed=${installed%/man3}

edited_manual() { # edited_manual FOLDER PAGE SED-COMMAND: a copy of the folder, with that page edited
    rm -rf "$work/edited_manual"
    cp -R "$1" "$work/edited_manual"
    sed "$3" "$1/$2" >"$work/edited_manual/$2"
}
lint() { # lint PAGE SED-COMMAND
    edited_manual "$installed" "$1" "$2"
    $manual/lint.sh "$work/edited_manual"
}
lint_without() { # lint_without PAGE
    edited_manual "$installed" man3/keyward.3 ''
    rm "$work/edited_manual/$1"
    $manual/lint.sh "$work/edited_manual"
}
reference() { # reference PAGE SED-COMMAND
    edited_manual man "$1" "$2"
    $manual/reference.sh "$work/edited_manual" $header
}
examples() { # examples PAGE SED-COMMAND
    edited_manual man "$1" "$2"
    CC=$cc $manual/examples.sh "$work/edited_manual" include "$plain/lib"
}
format() { # format SED-COMMAND: on keyward(5)
    edited_manual man keyward.5 "$1"
    $manual/format.sh "$work/edited_manual/keyward.5" schema
}
command_page() { # command_page SED-COMMAND: on keyward(1)
    edited_manual man keyward.1 "$1"
    $manual/command.sh "$work/edited_manual/keyward.1" "$plain/cli/keyward"
}
passes 'the manual' lint man3/keyward.3 ''
finds 'a macro that there is not' 'unknown macro' \
    lint man3/keyward_open.3 's/^\.Sh RETURN VALUES/.Zz/'
finds 'a list without an end' 'missing end of block' lint man3/keyward_check.3 '/^\.El$/d'
finds 'a page that refers to one that there is not' 'manual not found' \
    lint man3/keyward_grant.3 's/keyward_last_error 3/keyward_lost_error 3/'
finds 'a function without a page of its name' 'keyward_close leads not to' \
    lint_without man3/keyward_close.3
passes 'the manual and the header' reference keyward.3 ''
finds 'a prototype unlike the one in the header' 'keyward_grant is not as the header declares' \
    reference keyward_grant.3 's/const char \*user_id/char *user_id/'
finds 'a member of another type' 'keyward_deletion is not as the header defines' \
    reference keyward_delete_key.3 's/int64_t event;/int event;/'
finds 'a function in no page' 'keyward_version is in no page' \
    reference keyward_version.3 '/keyward_version/d'
finds 'a constant in no page' 'KEYWARD_ACCESS_KEY_MAX is in no page' \
    reference keyward.3 '/KEYWARD_ACCESS_KEY_MAX/d'
finds 'a status that a function does not return' 'no function there returns KEYWARD_PURGED' \
    reference keyward_open.3 's/^\.It Dv KEYWARD_NOT_A_STORE/.It Dv KEYWARD_PURGED/'
finds 'a status that a page forgets' 'can return KEYWARD_IN_USE, which' \
    reference keyward_delete_key.3 '/^\.It Dv KEYWARD_IN_USE/d'
finds 'a status that there is not' 'the header has no KEYWARD_LOST' \
    reference keyward_backup.3 's/KEYWARD_EXISTS/KEYWARD_LOST/'
finds 'an example of the manual that does not compile' 'does not compile' \
    examples keyward_delete_key.3 's/keyward_changes_free(&changes)/keyward_changes_free(changes)/'
finds 'an example of the manual that fails' 'exits with' \
    examples keyward.3 's/return status == KEYWARD_OK.*/return 1;/'
finds 'a column that the manual calls otherwise' '^> table key_details kept_name' \
    format 's/Va held_name/Va kept_name/'
finds 'a statement of the manual that does not run' 'example of keyward\(5\) does not run' \
    format 's/^SELECT k\.id/SELECT k.key_id/'
finds 'an option that the manual calls otherwise' '^> purge --dry-runs' \
    command_page '/^\.It Cm purge/,/^\.El/s/Fl -dry-run/Fl -dry-runs/'
finds 'an exit status without a word' '^< 27$' command_page '/^\.It 27$/d'
finds 'an example of the command that fails' 'example of keyward\(1\) fails' \
    command_page 's/--why unused/--why tired/'

readme() { # readme SED-COMMAND: on a copy of the README
    sed "$1" README.md >"$work/README.md"
    CC=$cc tests/readme.sh "$work/README.md" "$root" "$plain/lib"
}
finds 'a README without an example' 'no block of C' readme '/^```c$/d'
finds 'an example that does not compile' 'does not compile' readme 's/keyward_open(/keyward_opened(/'
finds 'an example that fails' 'exits with' readme 's/return status == KEYWARD_OK.*/return 1;/'

readme_proof() { # readme_proof SED-COMMAND: likewise
    sed "$1" README.md >"$work/README.md"
    tests/readme_proof.sh "$work/README.md" "$plain/cli/keyward"
}
passes 'the proof in the README' readme_proof ''
finds 'a proof without its fifth line' 'there are 4 lines, not five' readme_proof '/>edited;/d'
finds 'an event that is not edited and yet to be refused' 'line 5 exits with 0, not 28' \
    readme_proof 's/sed s.compromised.unused./cat/'
finds 'a deletion without its receipt' 'line 4 exits with 1, not 0' readme_proof \
    's/ --receipt receipt$//'

# ---- what is installed, and what a host builds along ----

if [ "$(uname)" != Darwin ]; then # as in tests/CMakeLists.txt
    . tests/checkers/packaging.sh
fi

# ---- keyward.c, to be dropped into a project ----

finds 'a source that there is not' 'there is no base/planted.c' awk -v folders=lib \
    -v output="$work/planted.c" -f cmake/amalgamate.awk /dev/null base/text.c base/planted.c

if [ "$(uname)" != Darwin ]; then
    amalgamation() { # amalgamation SED-COMMAND: on a copy of keyward.c
        rm -rf "$work/amalgamation"
        cp -R "$plain/amalgamation" "$work"
        sed "$1" "$plain/amalgamation/keyward.c" >"$work/amalgamation/keyward.c"
        tests/packaging/amalgamation.sh "$work/amalgamation" "$root" "$cc"
    }
    finds 'a file of its own that keyward.c includes' 'it includes: .*planted.h' \
        amalgamation 's,^#include <sodium.h>,#include "planted.h",'
    finds 'an inner function that stays global' '> uuid_after' \
        amalgamation '/uuid_after(/s/^KEYWARD_PRIVATE //'
    finds 'a file that is missing in keyward.c' 'uuid_after.* (used but never|is not) defined' \
        amalgamation '/^.. ==== base.uuid.c/,/^.. ==== [^b]/d'
    finds 'a keyward.c that tells when it was made' 'keyward.c is another elsewhere' \
        amalgamation "2s/\$/ Made at $(date)./"
fi

echo "$found faults found"
