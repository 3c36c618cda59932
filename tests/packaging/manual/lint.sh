#!/bin/sh
# SPDX-License-Identifier: MIT
# mandoc has nothing to say against the installed pages, in matters of style either; every page of
# keyward's that one of them names is there, and each name of a page leads to it.
#   lint.sh FOLDER: the one with man1, man3 and man5
set -eu
export LC_ALL=C
installed=$1

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cp -R "$installed"/man? "$folder"

# The pages of other packages need not be installed here, and the command's only where that is built.
cat "$folder"/man?/* |
    sed -n 's/^\.Xr \([^ ]*\) \([1-9]\).*/\1 \2/p' | sort -u |
    while read -r name section; do
        case "$name $section" in
        keyward*\ [35]) ;;
        *) mkdir -p "$folder/man$section" && : >>"$folder/man$section/$name.$section" ;;
        esac
    done

find "$installed" -type f -name '*.[135]' >"$folder/pages"
[ -s "$folder/pages" ] || {
    echo "manual: there are no pages in $installed" >&2
    exit 1
}
wrong=0
while read -r page; do
    # Without an index of names it looks for the files, which it remarks on.
    if ! MANPATH=$folder mandoc -T lint -W style "$page" 2>"$folder/remarks"; then
        grep -v 'outdated mandoc.db' "$folder/remarks" >&2 || :
        wrong=1
    fi
    mandoc -T html "$page" >"$folder/page.html" || wrong=1
done <"$folder/pages"

# Each name of a page leads to it.
while read -r page; do
    awk '/^\.Sh / { within = /NAME/ } within && /^\.Nm keyward/ { print $2 }' "$page" |
        while read -r name; do
            cmp -s "$page" "${page%/*}/$name.${page##*.}" || echo "$name leads not to $page"
        done
done <"$folder/pages" >"$folder/astray"
if [ -s "$folder/astray" ]; then
    sed 's/^/manual: /' "$folder/astray" >&2
    wrong=1
fi
exit $wrong
