#!/bin/sh
# SPDX-License-Identifier: MIT
# Makes a release of what a tag names, whatever the work tree holds:
#   keyward-VERSION.tar.gz                the commit's files and nothing else
#   keyward-amalgamation-VERSION.tar.gz   keyward.c and keyward.h, made of them
#   keyward-VERSION.spdx.json             what is in it and what it needs (SPDX 2.3)
#   SHA256SUMS                            for `sha256sum -c`
# The same tag gives the same bytes, wherever and whenever.
#   release/make.sh FOLDER [TAG]          the default is the tag of HEAD
set -eu
export LC_ALL=C TZ=UTC
umask 022

die() {
    printf 'release: %s\n' "$@" >&2
    exit 1
}

# ---- the tag, and the places that must tell of the same version ----

tag=${2-}
if [ -z "$tag" ]; then
    tag=$(git tag --points-at HEAD)
    case $tag in
    '') die "HEAD has no tag: name one, or make it, as 'git tag v0.1.0'" ;;
    *[[:space:]]*) die 'HEAD has more than one tag: name one of these' "$tag" ;;
    esac
fi
commit=$(git rev-parse --verify --quiet "refs/tags/$tag^{commit}") || die "there is no tag '$tag'"
version=${tag#v}

wrong=0
tells() { # tells FILE PATTERN WANTED: the first line that has the pattern is the wanted one
    line=$(git show "$commit:$1" | grep -m 1 -e "$2" || echo 'no version')
    printf '%s\n' "$line" | grep -Eqx -e "$3" || {
        printf "release: the tag is '%s', but %s has '%s'\n" "$tag" "$1" "$line" >&2
        wrong=1
    }
}

digits='[0-9][0-9]'
dots=$(printf '%s' "$version" | sed 's/\./\\./g')
tells include/keyward/keyward.h '^#define KEYWARD_VERSION ' "#define KEYWARD_VERSION \"$dots\""
IFS=. read -r major minor patch <<END_OF_VERSION
$version
END_OF_VERSION
for part in "MAJOR $major" "MINOR $minor" "PATCH $patch"; do
    tells include/keyward/keyward.h "^#define KEYWARD_VERSION_${part% *} " \
        "#define KEYWARD_VERSION_$part( .*)?"
done
tells CHANGELOG.md '^## ' "## $dots \\($digits$digits-$digits-$digits\\)"
tells debian/changelog '^keyward ' "keyward \\($dots\\) (unstable|experimental);.*"
[ $wrong -eq 0 ] || die 'the tag and these must agree; a release has a date, too'

# ---- the files ----

folder=$1
rm -rf "$folder"
mkdir -p "$folder"
folder=$(cd -- "$folder" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# archive NAME ARGUMENT...: nothing of the user's own configuration has a say in it.
archive() {
    name=$1
    shift
    git -c tar.umask=0022 -c core.autocrlf=false -c core.eol=lf -c core.attributesFile=/dev/null \
        archive --format=tar --prefix="$name/" "$@" >"$work/$name.tar"
    gzip -9 -n -c "$work/$name.tar" >"$folder/$name.tar.gz"
}

archive "keyward-$version" "$commit"

# From here on the tag's own scripts are at work.
tar -xf "$work/keyward-$version.tar" -C "$work"
source=$work/keyward-$version
{
    cmake -S "$source" -B "$work/build" -DKEYWARD_TESTS=OFF -DKEYWARD_EXAMPLES=OFF \
        -DKEYWARD_CLI=OFF -DKEYWARD_BENCH=OFF &&
        cmake --build "$work/build" --target keyward_amalgamation
} >"$work/log" 2>&1 || {
    cat "$work/log" >&2
    die 'the amalgamation is not made'
}
archive "keyward-amalgamation-$version" --add-file="$work/build/amalgamation/keyward.c" \
    --add-file="$work/build/amalgamation/keyward.h" "$commit" LICENSE

cd -- "$folder"
created=$(git -C "$OLDPWD" show -s --format=%cd --date=format-local:%Y-%m-%dT%H:%M:%SZ "$commit")
"$source/release/sbom.sh" "$source" "keyward-$version.tar.gz" \
    "keyward-amalgamation-$version.tar.gz" "$created" >"$work/sbom"
mv "$work/sbom" "keyward-$version.spdx.json"
sha256sum -- *.tar.gz *.spdx.json >"$work/sums"
mv "$work/sums" SHA256SUMS
