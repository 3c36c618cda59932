# Adds to keyward_flags: guards around stacks and buffers, and tables of functions that are read-only
# once a program runs. Each flag only where compiler and linker take it.
include(CheckCCompilerFlag)
include(CheckCSourceCompiles)

foreach(flag -fstack-protector-strong -fstack-clash-protection -fcf-protection)
    string(MAKE_C_IDENTIFIER "KEYWARD_TAKES${flag}" taken)
    set(CMAKE_REQUIRED_FLAGS "-Werror")
    check_c_compiler_flag(${flag} ${taken})
    unset(CMAKE_REQUIRED_FLAGS)
    if(${taken})
        target_compile_options(keyward_flags INTERFACE ${flag})
    endif()
endforeach()

foreach(flag relro now noexecstack)
    set(CMAKE_REQUIRED_LINK_OPTIONS "LINKER:-z,${flag}")
    check_c_source_compiles("int main(void) { return 0; }" KEYWARD_LINKS_${flag})
    unset(CMAKE_REQUIRED_LINK_OPTIONS)
    if(KEYWARD_LINKS_${flag})
        target_link_options(keyward_flags INTERFACE "LINKER:-z,${flag}")
    endif()
endforeach()

# It needs an optimising compiler, and some have it built in, perhaps at a higher level.
check_c_source_compiles("
    #if defined(__OPTIMIZE__) && defined(_FORTIFY_SOURCE)
    #error \"it is there\"
    #endif
    int main(void) { return 0; }" KEYWARD_IS_NOT_FORTIFIED)
if(KEYWARD_IS_NOT_FORTIFIED)
    target_compile_definitions(keyward_flags INTERFACE
        $<$<NOT:$<OR:$<CONFIG:Debug>,$<CONFIG:>>>:_FORTIFY_SOURCE=2>)
endif()
