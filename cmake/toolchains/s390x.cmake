# SPDX-License-Identifier: MIT
# 64 bits, the highest byte first. KEYWARD_ROOT: the packages, unpacked by tests/portability/debian.sh
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR s390x)
set(CMAKE_C_COMPILER s390x-linux-gnu-gcc)
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-s390x -L ${KEYWARD_ROOT})
set(KEYWARD_TRIPLET s390x-linux-gnu)
include(${CMAKE_CURRENT_LIST_DIR}/foreign.cmake)
