# What a host sees of keyward beside the targets that it asks for: nothing.

# In scope or in the cache: keyward's own, what CMake and its modules keep for themselves, and ours.
string(JOIN "|" names_that_pass
    "^(KEYWARD|keyward)_" "^_" "^CMAKE_(CURRENT|MATCH)_" "^CMAKE_HAVE_(LIBC_)?PTHREAD"
    "^FETCHCONTENT_" "^FIND_PACKAGE_MESSAGE_DETAILS_" "^PKG_CONFIG_" "^pkgcfg_lib_KEYWARD_"
    "^prefix_result$" "^(before|folder)_" "^(variables|name|property|ARG[CNV0-9]+)$")
set(properties_of_folders COMPILE_DEFINITIONS COMPILE_OPTIONS INCLUDE_DIRECTORIES LINK_DIRECTORIES
    LINK_OPTIONS TESTS)

function(complain)
    message(SEND_ERROR "a host sees of keyward: " ${ARGV})
endfunction()

macro(remember)
    get_cmake_property(before_all VARIABLES)
    foreach(name IN LISTS before_all)
        set("before_${name}" "${${name}}")
    endforeach()
    foreach(property IN LISTS properties_of_folders)
        get_directory_property(folder_${property} ${property})
    endforeach()
endmacro()

function(must_be_unchanged)
    get_cmake_property(variables VARIABLES)
    list(FILTER variables EXCLUDE REGEX "${names_that_pass}")
    foreach(name IN LISTS variables)
        if(NOT name IN_LIST before_all)
            complain("a variable ${name}, '${${name}}'")
        elseif(NOT "${${name}}" STREQUAL "${before_${name}}")
            complain("a change of ${name} from '${before_${name}}' to '${${name}}'")
        endif()
    endforeach()
    foreach(property IN LISTS properties_of_folders)
        get_directory_property(value ${property})
        if(NOT "${value}" STREQUAL "${folder_${property}}")
            complain("a change of its ${property} from '${folder_${property}}' to '${value}'")
        endif()
    endforeach()
    must_have_prefixes(${CMAKE_CURRENT_SOURCE_DIR})
endfunction()

function(must_have_prefixes folder)
    get_property(targets DIRECTORY ${folder} PROPERTY BUILDSYSTEM_TARGETS)
    foreach(target IN LISTS targets)
        if(NOT target MATCHES "^keyward[_-]")
            complain("a target ${target}")
        endif()
    endforeach()
    get_property(folders DIRECTORY ${folder} PROPERTY SUBDIRECTORIES)
    foreach(folder IN LISTS folders)
        must_have_prefixes(${folder})
    endforeach()
endfunction()

# Known only once all is generated: subproject.sh wants each line of TARGET.flags to be empty.
function(must_have_no_flags target)
    set(lines "")
    foreach(property COMPILE_DEFINITIONS COMPILE_FEATURES COMPILE_OPTIONS LINK_DIRECTORIES
            LINK_OPTIONS)
        string(APPEND lines "${property}: $<TARGET_PROPERTY:${target},${property}>\n")
    endforeach()
    file(GENERATE OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/${target}.flags CONTENT "${lines}")
endfunction()
