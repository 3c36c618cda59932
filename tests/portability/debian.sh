#!/bin/sh
# SPDX-License-Identifier: MIT
# Debian's packages for another architecture, or its sources, without any change to this system:
# apt works on lists and a cache of its own, and no package is installed, only unpacked.
#   debian.sh ROOT ARCHITECTURE PACKAGE...   makes the folder ROOT with the packages and all that
#                                            they depend on, as on a system of that architecture
#   debian.sh FOLDER source PACKAGE...       makes FOLDER with a folder of patched sources for each
# What is there already, of the same packages, is left as it is.
set -eu

[ $# -ge 3 ] || {
    sed -n 's/^#   /usage: /p' "$0" >&2
    exit 2
}
target=$1 kind=$2
shift 2

made=$target/.made-of
if [ -f "$made" ] && [ "$(cat "$made")" = "$kind $*" ]; then
    exit 0
fi
rm -rf "$target"
mkdir -p "$target"
target=$(cd -- "$target" && pwd)
made=$target/.made-of

native=$(dpkg --print-architecture)
[ "$kind" = source ] && architecture=$native || architecture=$kind
state=$target/.apt
mkdir -p "$state/lists/partial" "$state/archives/partial"
: >"$state/status" # nothing is installed

# The releases and mirrors that this system has packages of Debian from, but for security updates:
# these come to some architectures later than to others.
for type in deb deb-src; do
    apt-get indextargets --format \
        "$type [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] \$(REPO_URI) \$(RELEASE) \$(COMPONENT)" \
        'Created-By: Packages' 'Origin: Debian' 'Label: Debian'
done | sort -u >"$state/sources.list"
[ -s "$state/sources.list" ] || {
    echo "apt knows no source of Debian's packages" >&2
    exit 1
}

cat >"$state/apt.conf" <<END
Dir::State "$state";
Dir::State::status "$state/status";
Dir::Cache "$state";
Dir::Etc::sourcelist "$state/sources.list";
Dir::Etc::sourceparts "-";
APT::Architecture "$architecture";
APT::Architectures "$architecture";
APT::Sandbox::User "";
APT::Install-Recommends "false";
Acquire::Languages "none";
END
APT_CONFIG=$state/apt.conf
export APT_CONFIG
apt-get -q update

if [ "$kind" = source ]; then
    for package in "$@"; do
        mkdir "$target/$package.download"
        (cd "$target/$package.download" && apt-get -q source "$package")
        mv "$target/$package.download/$package"-*/ "$target/$package"
        rm -rf "$target/$package.download"
    done
else
    apt-get -q -y --download-only install "$@"
    for archive in "$state"/archives/*.deb; do
        dpkg-deb -x "$archive" "$target"
    done
    # What links with an absolute path means this root, and not the system's.
    find "$target" -xdev -type l -lname '/*' | while read -r link; do
        ln -sfn "$target$(readlink "$link")" "$link"
    done
fi
rm -rf "$state"
echo "$kind $*" >"$made"
