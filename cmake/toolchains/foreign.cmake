# SPDX-License-Identifier: MIT
# What the systems have in common whose packages lie in KEYWARD_ROOT, beside those of this one.
if(NOT EXISTS "${KEYWARD_ROOT}/usr/include")
    message(FATAL_ERROR "KEYWARD_ROOT must be a folder of tests/portability/debian.sh")
endif()
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES KEYWARD_ROOT)
set(CMAKE_SYSROOT ${KEYWARD_ROOT})
set(CMAKE_LIBRARY_ARCHITECTURE ${KEYWARD_TRIPLET})
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(ENV{PKG_CONFIG_SYSROOT_DIR} ${KEYWARD_ROOT})
set(ENV{PKG_CONFIG_LIBDIR}
    ${KEYWARD_ROOT}/usr/lib/${KEYWARD_TRIPLET}/pkgconfig:${KEYWARD_ROOT}/usr/share/pkgconfig)
set(libraries ${KEYWARD_ROOT}/lib/${KEYWARD_TRIPLET}:${KEYWARD_ROOT}/usr/lib/${KEYWARD_TRIPLET})
string(APPEND CMAKE_EXE_LINKER_FLAGS_INIT " -Wl,-rpath,${libraries}")
string(APPEND CMAKE_SHARED_LINKER_FLAGS_INIT " -Wl,-rpath-link,${libraries}")
