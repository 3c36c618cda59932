# SPDX-License-Identifier: MIT
# The suites where the library is one file, keyward.c. Those that know the public header alone run on
# what a project drops in. Those that look inside are linked with a copy of it whose other functions
# are global as well, and weak: a suite may bring its own.
set_source_files_properties(${PROJECT_BINARY_DIR}/amalgamation/keyward.c PROPERTIES GENERATED TRUE)
add_library(keyward_inside STATIC ${PROJECT_BINARY_DIR}/amalgamation/keyward.c)
add_dependencies(keyward_inside keyward_amalgamation)
target_compile_definitions(keyward_inside PRIVATE "KEYWARD_PRIVATE=__attribute__((weak))")
target_link_libraries(keyward_inside
    PRIVATE keyward_flags
    PUBLIC PkgConfig::KEYWARD_SQLITE PkgConfig::KEYWARD_SODIUM Threads::Threads)

# They get between two files of lib/ by the linker's --wrap, which sees no call within one file.
set(keyward_between_files check check_log count_refusals_unequal damage faults_batch freshness
    freshness_unchecked handing_out linearizability_unchecked power_cuts remembering start
    transaction transaction_faults tree undefined undefined_planted)

# Once is enough, with the plain build: these look at sources, or take minutes to make each allocation
# and each system call fail in turn.
set(keyward_once faults faults_open faults_system headers layers model)

# looks_inside(TARGET RESULT): does one of its sources include a header of lib/, or stand there?
function(looks_inside target result)
    set(${result} FALSE PARENT_SCOPE)
    get_target_property(sources ${target} SOURCES)
    foreach(source IN LISTS sources)
        get_filename_component(source ${source} ABSOLUTE)
        file(STRINGS ${source} included REGEX
            "^#include \"(api|base|connection|operations|proof|seal|transaction)/")
        if(included)
            set(${result} TRUE PARENT_SCOPE)
        endif()
    endforeach()
endfunction()

# For the programs and the tests of the current folder.
function(test_one_file)
    get_property(targets DIRECTORY PROPERTY BUILDSYSTEM_TARGETS)
    foreach(target IN LISTS targets)
        get_target_property(type ${target} TYPE)
        if(NOT type STREQUAL "EXECUTABLE")
            continue()
        endif()
        looks_inside(${target} inside)
        if(inside) # in front of the library that comes with the others
            get_target_property(libraries ${target} LINK_LIBRARIES)
            set_property(TARGET ${target} PROPERTY LINK_LIBRARIES keyward_inside ${libraries})
        endif()
    endforeach()

    get_property(tests DIRECTORY PROPERTY TESTS)
    foreach(test IN LISTS tests)
        if(test IN_LIST keyward_between_files)
            set_tests_properties(${test} PROPERTIES DISABLED TRUE)
        elseif(test IN_LIST keyward_once)
            set_tests_properties(${test} PROPERTIES LABELS once)
        endif()
    endforeach()
endfunction()
