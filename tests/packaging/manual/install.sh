#!/bin/sh
# SPDX-License-Identifier: MIT
# Installs the manual, and nothing from before stays beside it.
#   CMAKE=... install.sh INSTALL-SCRIPT FOLDER
set -eu
rm -rf "$2"
DESTDIR=$2 "${CMAKE:-cmake}" -P "$1"
