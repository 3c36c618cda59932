#!/bin/sh
# SPDX-License-Identifier: MIT
# Installs the packages into a system that has nothing but apt and what Debian cannot be without,
# and tries them there: see inside_root.sh. What a dependency forgot is missing there.
#   packaging/debian/clean_root.sh FOLDER-OF-PACKAGES SOURCE-FOLDER
#
# mmdebstrap makes the system, tries them as its last step, and removes it. To change the root it
# takes the first that it may: as root, in a name space of its own, or fakechroot's pretence. The
# network it needs for apt alone.
set -eu
packages=$(cd -- "$1" && pwd) source=$(cd -- "$2" && pwd)

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd -- "$folder"

# Where apt finds this very distribution, whatever else it has been told of.
# shellcheck source=/dev/null
. /etc/os-release
apt-get indextargets --format "deb \$(REPO_URI) \$(RELEASE) \$(COMPONENT)" \
    'Created-By: Packages' "Origin: ${NAME%% *}" | sort -u >sources.list
if [ ! -s sources.list ]; then
    echo "clean_root: apt knows no source of ${NAME%% *}; perhaps 'apt-get update' is wanted" >&2
    exit 1
fi

mkdir -p kit/debian kit/tests/packaging
cp -- "$packages"/*.deb "$source/tests/packaging/debian/inside_root.sh" kit
cp -R -- "$source/debian/tests" kit/debian
cp -R -- "$source/tests/packaging/consumer" kit/tests/packaging
chmod -R a+rX kit

# shellcheck disable=SC2016 # mmdebstrap's shell says what $1 is: the new root
mmdebstrap --variant=apt --dpkgopt=force-unsafe-io --customize-hook='copy-in kit /' \
    --customize-hook='chroot "$1" sh /kit/inside_root.sh' \
    "$VERSION_CODENAME" /dev/null sources.list
