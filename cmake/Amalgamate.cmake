# SPDX-License-Identifier: MIT
# keyward_amalgamate(FOLDER SOURCE...): rules that make FOLDER/keyward.c of the sources, which are
# named as in lib/ or in the build's own lib/, and put the public header beside it.

# The license, as part of a comment.
file(READ ${PROJECT_SOURCE_DIR}/LICENSE license)
string(STRIP "${license}" license)
string(REPLACE "\n" "\n * " license " * ${license}")
string(REGEX REPLACE " +\n" "\n" license "${license}")
configure_file(${CMAKE_CURRENT_LIST_DIR}/amalgamation.c.in
    ${PROJECT_BINARY_DIR}/amalgamation.c.head @ONLY)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/LICENSE)

set(keyward_amalgamate_awk ${CMAKE_CURRENT_LIST_DIR}/amalgamate.awk)
function(keyward_amalgamate folder)
    set(header ${PROJECT_SOURCE_DIR}/include/keyward/keyward.h)
    set(head ${PROJECT_BINARY_DIR}/amalgamation.c.head)
    file(GLOB_RECURSE private_headers CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.h)
    set(sources "")
    foreach(source IN LISTS ARGN)
        if(EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/${source})
            list(APPEND sources ${CMAKE_CURRENT_SOURCE_DIR}/${source})
        else()
            list(APPEND sources ${CMAKE_CURRENT_BINARY_DIR}/${source})
        endif()
    endforeach()
    file(MAKE_DIRECTORY ${folder})
    add_custom_command(
        OUTPUT ${folder}/keyward.c ${folder}/keyward.h
        COMMAND awk -v "folders=${CMAKE_CURRENT_SOURCE_DIR}|${CMAKE_CURRENT_BINARY_DIR}"
                -v output=${folder}/keyward.c -f ${keyward_amalgamate_awk} ${head} ${ARGN}
        COMMAND ${CMAKE_COMMAND} -E copy ${header} ${folder}/keyward.h
        DEPENDS ${sources} ${private_headers} ${header} ${head} ${keyward_amalgamate_awk}
        VERBATIM)
endfunction()
