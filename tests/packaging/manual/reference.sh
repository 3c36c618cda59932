#!/bin/sh
# SPDX-License-Identifier: MIT
# The pages of section 3 say what the header says; reference.awk tells what is compared.
#   reference.sh MAN-FOLDER HEADER
set -eu
exec env LC_ALL=C awk -f "$(dirname -- "$0")/reference.awk" "$2" "$1"/*.3
