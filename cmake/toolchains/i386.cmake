# SPDX-License-Identifier: MIT
# 32 bits. KEYWARD_ROOT: the packages, unpacked by tests/portability/debian.sh
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR i686)
set(CMAKE_C_COMPILER gcc)
set(KEYWARD_TRIPLET i386-linux-gnu)
# The compiler's own parts, of which it has those for 64 bits; and programs that this system starts
# although it may have no loader for them.
set(CMAKE_C_FLAGS_INIT "-m32 -B${KEYWARD_ROOT}/usr/lib/gcc/i686-linux-gnu/12/")
set(CMAKE_EXE_LINKER_FLAGS_INIT "-Wl,--dynamic-linker=${KEYWARD_ROOT}/lib/ld-linux.so.2")
include(${CMAKE_CURRENT_LIST_DIR}/foreign.cmake)
