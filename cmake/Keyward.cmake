# What all of keyward's own targets are compiled with; a host's targets see none of it.
add_library(keyward_flags INTERFACE)
target_compile_features(keyward_flags INTERFACE c_std_11)
target_compile_definitions(keyward_flags INTERFACE _GNU_SOURCE)
# Files of more than 2 GiB, and times after January 2038. Where that goes without saying, it would
# only rename open() and others, which the suites look for by name.
if(CMAKE_SIZEOF_VOID_P EQUAL 4)
    target_compile_definitions(keyward_flags INTERFACE _FILE_OFFSET_BITS=64 _TIME_BITS=64)
endif()
target_compile_options(keyward_flags INTERFACE
    -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wundef
    -Wformat=2 -Wwrite-strings -Wcast-qual -Wdate-time
    $<$<BOOL:${KEYWARD_WERROR}>:-Werror>)
if(KEYWARD_SANITIZE)
    target_compile_options(keyward_flags INTERFACE
        -fsanitize=${KEYWARD_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer -g)
    target_link_options(keyward_flags INTERFACE -fsanitize=${KEYWARD_SANITIZE})
endif()

# For ./run coverage: clang 18 or newer counts branches and what each condition decides (MC/DC).
# Atomically: some counts are differences of others, which threads must not have lost any of.
option(KEYWARD_COVERAGE "Count what the tests take of the code (clang)" OFF)
if(KEYWARD_COVERAGE)
    target_compile_options(keyward_flags INTERFACE
        -O0 -fprofile-instr-generate -fcoverage-mapping -fcoverage-mcdc -fprofile-update=atomic)
    target_link_options(keyward_flags INTERFACE -fprofile-instr-generate)
endif()

# What distributions compile with, where the compiler knows it. Who builds with flags of his own
# turns it off, or finds his left alone.
option(KEYWARD_HARDEN "Compile and link with the hardening that distributions use" ON)
if(KEYWARD_HARDEN AND NOT KEYWARD_SANITIZE AND NOT KEYWARD_COVERAGE)
    include(${CMAKE_CURRENT_LIST_DIR}/Harden.cmake)
endif()
