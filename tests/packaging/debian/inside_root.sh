#!/bin/sh
# SPDX-License-Identifier: MIT
# Run by clean_root.sh in a clean system, beside the packages and debian/tests: the command is tried
# with what its package depends on and nothing else, then the consumers beside a compiler; at last
# all packages go, and nothing of them may stay.
set -eu
export DEBIAN_FRONTEND=noninteractive
cd /kit

install() {
    apt-get -qq install --no-install-recommends "$@"
}

depends() { # depends TEST: what debian/tests/control says that it needs, but for our own packages
    awk -v RS= -v FS='\n' -v test="$1" '$1 == "Tests: " test { sub("Depends: ", "", $2); print $2 }' \
        debian/tests/control | tr ',' '\n' | grep -v keyward
}

try() { # try TEST: of debian/tests, as a user who may do nothing else
    folder=$(mktemp -d -p /kit)
    chown nobody "$folder"
    AUTOPKGTEST_TMP=$folder setpriv --reuid=nobody --regid=nogroup --clear-groups \
        "debian/tests/$1" && echo "clean root: $1 passes"
}

# As if a dependency had been forgotten: that must show.
dpkg --force-depends -i ./keyward_*.deb
if try command; then
    echo 'clean root: the command runs without its library' >&2
    exit 1
fi
dpkg --purge keyward
echo 'found: a dependency that is not installed'

install ./keyward_*.deb ./libkeyward0_*.deb
try command

# shellcheck disable=SC2046 # one word a package
install ./libkeyward-dev_*.deb $(depends consumer)
try consumer

apt-get -qq purge keyward libkeyward0 libkeyward-dev
if find / -xdev -path /kit -prune -o -name '*keyward*' -print | grep .; then
    echo 'clean root: these outlive their package' >&2
    exit 1
fi
