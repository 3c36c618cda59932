include(CheckCSourceCompiles)

# keyward_one_object(OBJECTS): what the static library is made of. Were it the objects as they are, each
# function that the files of lib/ share, buffer_add() and some 350 more, would be a name in the
# program; and a program with a function of that name would lend it to keyward, unnoticed. So they
# are linked into one object, of which only the public functions can be seen.
function(keyward_one_object objects)
    # Not where objects hold names of a tool's that belong to all of the program.
    if(APPLE OR NOT CMAKE_OBJCOPY OR KEYWARD_SANITIZE OR KEYWARD_COVERAGE)
        set(${objects} $<TARGET_OBJECTS:keyward_objects> PARENT_SCOPE)
        return()
    endif()
    set(object ${CMAKE_CURRENT_BINARY_DIR}/keyward.o)
    separate_arguments(flags UNIX_COMMAND "${CMAKE_C_FLAGS}")
    if(CMAKE_C_COMPILER_TARGET)
        list(APPEND flags --target=${CMAKE_C_COMPILER_TARGET})
    endif()
    # What is optimised as it is linked becomes code here: in a half-made form names are not hidden.
    if(CMAKE_INTERPROCEDURAL_OPTIMIZATION)
        list(APPEND flags ${CMAKE_C_COMPILE_OPTIONS_IPO})
    endif()
    if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
        list(APPEND flags -flinker-output=nolto-rel)
    endif()
    # Compilers put helpers of theirs into each object, for the linker to keep one: here and now, or
    # in a program they would be looked for in vain.
    set(CMAKE_REQUIRED_LINK_OPTIONS LINKER:--force-group-allocation)
    check_c_source_compiles("int main(void) { return 0; }" KEYWARD_LINKS_GROUPS)
    if(KEYWARD_LINKS_GROUPS)
        list(APPEND flags -Wl,--force-group-allocation)
    endif()
    add_custom_command(
        OUTPUT ${object}
        COMMAND ${CMAKE_C_COMPILER} ${flags} -r -nostdlib -o ${object}
                $<TARGET_OBJECTS:keyward_objects>
        COMMAND ${CMAKE_OBJCOPY} --localize-hidden ${object}
        DEPENDS keyward_objects $<TARGET_OBJECTS:keyward_objects>
        COMMAND_EXPAND_LISTS VERBATIM)
    set_source_files_properties(${object} PROPERTIES EXTERNAL_OBJECT ON GENERATED ON)
    set(${objects} ${object} PARENT_SCOPE)
endfunction()
