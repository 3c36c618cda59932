#!/bin/sh
# SPDX-License-Identifier: MIT
# `./run release` makes the same bytes of one tag in two clones, whatever their users' settings, work
# trees and masks; the archive is the commit's files, builds without git and plays the demo; the bill
# of materials tells of each of them; and what does not agree with the tag is not released.
#   packaging/release.sh C-COMPILER FOLDER-TO-WORK-IN
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
here=$root/tests/packaging
cc=$1
rm -rf "$2"
mkdir -p "$2/one" "$2/elsewhere/another" "$2/home" "$2/unpacked"
work=$(cd -- "$2" && pwd)
output=$work/output
# shellcheck source=tests/checkers/report.sh
. "$here/../checkers/report.sh"

# Of these commits nothing is the user's, so that the tag is the same each time as well.
export GIT_AUTHOR_NAME=tests GIT_AUTHOR_EMAIL=tests@keyward.example GIT_CONFIG_NOSYSTEM=1
export GIT_COMMITTER_NAME=tests GIT_COMMITTER_EMAIL=tests@keyward.example HOME="$work/home"
export GIT_AUTHOR_DATE='2026-11-01T12:00:00+0000' GIT_COMMITTER_DATE='2026-11-01T12:00:00+0000'
version=$(sed -n 's/^#define KEYWARD_VERSION "\(.*\)"/\1/p' "$root/include/keyward/keyward.h")
tag=v$version

# ---- a tag, as it will be: the change log has a date ----

cd -- "$work/one"
"$here/source_tree.sh" "$root" clone
cd clone
sed -i.bak "s/^## $version (.*)/## $version (2026-11-01)/" CHANGELOG.md
rm CHANGELOG.md.bak
git init -q
git add --all
git commit -q -m 'A release'
git tag "$tag"
one=$PWD/build/release

cd -- "$work/elsewhere/another"
git clone -q "$work/one/clone" .
another=$PWD/build/release
git commit -q --allow-empty -m 'After the release'
echo '/* not committed */' >>include/keyward/keyward.h
printf '%s\n' '[core]' 'autocrlf = true' "attributesFile = $work/attributes" \
    '[tar]' 'umask = 0077' >"$work/other-settings"
echo '*.c export-ignore' >"$work/attributes"

release() { # release [TAG]: in the first clone
    (cd "$work/one/clone" && ./run release "$@")
}
release_another() {
    (cd "$work/elsewhere/another" && umask 077 && TZ=Asia/Kathmandu LC_ALL=C.UTF-8 \
        GIT_CONFIG_GLOBAL="$work/other-settings" ./run release "$tag")
}
same() {
    diff -r "$one" "$another"
}
passes './run release' release
passes './run release, elsewhere' release_another
passes 'the same files' same

# ---- what is in them ----

name=keyward-$version
sums() {
    (cd "$one" && sha256sum -c SHA256SUMS && [ "$(wc -l <SHA256SUMS)" -eq 3 ])
}
unpack() {
    gzip -dc "$one/$name.tar.gz" | tar -x -C "$work/unpacked" &&
        gzip -dc "$one/keyward-amalgamation-$version.tar.gz" | tar -x -C "$work/unpacked"
}
only_the_commit() {
    git -C "$work/one/clone" ls-tree -r --name-only "$tag" | sort >"$work/committed"
    (cd "$work/unpacked/$name" && find . -type f | sed 's,^\./,,' | sort) >"$work/released"
    diff "$work/committed" "$work/released"
}
demo() {
    (cd "$work/unpacked/$name" && GIT_CEILING_DIRECTORIES=$work ./run demo)
}
amalgamation() {
    (cd "$work/unpacked/keyward-amalgamation-$version" && mkdir keyward && mv keyward.h keyward &&
        "$cc" -I. -Ikeyward keyward.c "$here/consumer/consumer.c" -o consumer \
            -lsqlite3 -lsodium -pthread && ./consumer)
}
sbom() { # sbom [JQ-FILTER]: of the bill with this done to it
    jq "${1-.}" "$one/$name.spdx.json" >"$work/bill" &&
        jq -r -f "$here/release/sbom.jq" "$work/bill" >"$work/complaints" || return 1
    [ ! -s "$work/complaints" ] || {
        cat "$work/complaints"
        return 1
    }
    # And its sums are those of the very files.
    jq -r '.files[] | .checksums[1].checksumValue + "  " + .fileName' "$work/bill" |
        sort -k 2 >"$work/listed"
    (cd "$work/unpacked/$name" && find . -type f -exec sha256sum {} +) | sort -k 2 |
        diff - "$work/listed" || return 1
    code=$(jq -r '.files[].checksums[0].checksumValue' "$work/bill" | sort | tr -d '\n' | sha1sum)
    [ "${code%% *}" = "$(jq -r '.packages[0].packageVerificationCode[]' "$work/bill")" ] || {
        echo 'the verification code is another'
        return 1
    }
}
passes 'the sums' sums
passes 'unpacking' unpack
passes "the commit's files and nothing else" only_the_commit
passes 'the bill of materials' sbom
finds 'a bill without its time' 'the creation has no created' sbom 'del(.creationInfo.created)'
finds 'a bill with a member of no meaning' 'has a planted' sbom '.packages[0].planted = 1'
finds 'a bill without libsodium' 'with SPDXRef-libsodium, which is not there' \
    sbom '.packages |= map(select(.name != "libsodium"))'
finds 'a bill that needs no SQLite' 'not said: keyward DEPENDS_ON SQLite' \
    sbom '.relationships |= map(select(.relatedSpdxElement != "SPDXRef-SQLite"))'
finds 'a bill of one file too few' '^< .*  \./' \
    sbom 'del(.files[0]) | .relationships |= map(select(.relatedSpdxElement != "SPDXRef-File-1"))'
finds 'a bill with the sum of another file' '^> .*  \./' \
    sbom '.files[3].checksums[1] = .files[4].checksums[1]'
finds 'a bill with the verification code of others' 'code is another' \
    sbom '.packages[0].packageVerificationCode[] |= (explode | reverse | implode)'
passes 'the amalgamation, compiled and used' amalgamation
passes 'the demo, from the archive' demo
finds 'an archive of other bytes' 'FAILED' sh -c "cd '$another' && echo >>$name.tar.gz &&
    sha256sum -c SHA256SUMS"
finds 'two releases of different bytes' 'differ' same

# ---- what must not be released ----

finds 'a tag that is not there' "there is no tag 'v9'" release v9
cd -- "$work/one/clone"
git tag v9.9.9
finds 'two tags, and none is named' 'more than one tag' release
finds 'a tag of another version' "include/keyward/keyward.h has '#define KEYWARD_VERSION_MAJOR " \
    release v9.9.9
git tag -d v9.9.9 >"$output"

cd -- "$work/elsewhere/another"
git checkout -q -f "$tag"
commit=$(git rev-parse HEAD)
edited() { # edited FILE SED-SCRIPT: the release of a commit that differs by this
    git reset -q --hard "$commit"
    sed "$2" "$1" >"$work/edited" && cp "$work/edited" "$1"
    git commit -q -a -m 'It does not agree' && git tag -f "$tag" && ./run release
}
finds 'a header of another version' "keyward.h has '#define KEYWARD_VERSION \"9.9.9\"'" \
    edited include/keyward/keyward.h "/KEYWARD_VERSION /s/$version/9.9.9/"
finds 'a number of another version' "keyward.h has '#define KEYWARD_VERSION_PATCH 99" \
    edited include/keyward/keyward.h '/VERSION_PATCH /s/[0-9][0-9]*/99/'
finds 'a change log of another version' "CHANGELOG.md has '## 9.9.9" \
    edited CHANGELOG.md "s/^## $version/## 9.9.9/"
finds 'a change log without a date' "CHANGELOG.md has '## $version .unreleased" \
    edited CHANGELOG.md 's/^## \(.*\) (.*)/## \1 (unreleased)/'
finds 'packages of another version' "debian/changelog has 'keyward .9.9.9" \
    edited debian/changelog "s/^keyward ($version)/keyward (9.9.9)/"
finds 'packages that are not released' "debian/changelog has 'keyward .* UNRELEASED" \
    edited debian/changelog 's/unstable/UNRELEASED/'

echo "$found faults found"
