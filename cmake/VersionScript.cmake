# SPDX-License-Identifier: MIT
# keyward_version_script(TARGET SCRIPT): links the shared library by a version script, where the
# linker takes one: GNU's and LLVM's do, Apple's does not. There the functions have no versions, and
# what is exported is decided by KEYWARD_API alone.
include(CheckCSourceCompiles)

function(keyward_version_script target script)
    # Not with the script itself, whose functions the probe does not have: some linkers mind.
    set(probe ${CMAKE_CURRENT_BINARY_DIR}/probe.map)
    file(WRITE ${probe} "KEYWARD_PROBE { local: *; };\n")
    set(CMAKE_REQUIRED_LINK_OPTIONS LINKER:--version-script=${probe})
    check_c_source_compiles("int main(void) { return 0; }" KEYWARD_LINKS_VERSION_SCRIPT)
    if(KEYWARD_LINKS_VERSION_SCRIPT)
        target_link_options(${target} PRIVATE LINKER:--version-script=${script})
        set_property(TARGET ${target} APPEND PROPERTY LINK_DEPENDS ${script})
    endif()
endfunction()
