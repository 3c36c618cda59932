# SPDX-License-Identifier: MIT
# The suites where the library is one file, keyward.c.
#
# Those that know the public header alone run on what a project drops in. Those that look inside are
# linked with a copy of it, whose other functions are global as well, and weak: a suite may bring its
# own.
set_source_files_properties(${PROJECT_BINARY_DIR}/amalgamation/keyward.c PROPERTIES GENERATED TRUE)
add_library(keyward_inside STATIC ${PROJECT_BINARY_DIR}/amalgamation/keyward.c)
add_dependencies(keyward_inside keyward_amalgamation)
target_compile_definitions(keyward_inside PRIVATE "KEYWARD_PRIVATE=__attribute__((weak))")
target_link_libraries(keyward_inside
    PRIVATE keyward_flags
    PUBLIC PkgConfig::KEYWARD_SQLITE PkgConfig::KEYWARD_SODIUM Threads::Threads)

# looks_inside(TARGET RESULT): does one of its sources include a header, or stand itself, in lib/?
function(looks_inside target result)
    set(${result} FALSE PARENT_SCOPE)
    get_target_property(folder ${target} SOURCE_DIR)
    get_target_property(sources ${target} SOURCES)
    foreach(source IN LISTS sources)
        get_filename_component(source ${source} ABSOLUTE BASE_DIR ${folder})
        file(STRINGS ${source} included REGEX
            "^#include \"(api|base|connection|operations|proof|seal|transaction)/")
        if(included)
            set(${result} TRUE PARENT_SCOPE)
        endif()
    endforeach()
endfunction()

foreach(folder ${CMAKE_CURRENT_SOURCE_DIR} ${CMAKE_CURRENT_SOURCE_DIR}/secrets)
    get_property(targets DIRECTORY ${folder} PROPERTY BUILDSYSTEM_TARGETS)
    foreach(target IN LISTS targets)
        get_target_property(type ${target} TYPE)
        if(type STREQUAL "EXECUTABLE")
            looks_inside(${target} inside)
            if(inside) # in front of the library that comes with the others
                get_target_property(libraries ${target} LINK_LIBRARIES)
                set_property(TARGET ${target} PROPERTY
                    LINK_LIBRARIES keyward_inside ${libraries})
            endif()
        endif()
    endforeach()
endforeach()

# They get between two files of lib/, by the linker's --wrap: it sees no calls within one file.
set(between_files check check_log damage faults_batch freshness freshness_unchecked
    handing_out linearizability_unchecked power_cuts remembering start transaction
    transaction_faults tree)
set_tests_properties(${between_files} PROPERTIES DISABLED TRUE)
