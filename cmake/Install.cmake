# What `cmake --install` puts where. Packagers split it by component:
#   runtime      the shared library, as programs load it
#   development  what building with it takes: header, static library, CMake package, keyward.pc
#   command      the keyward command and its completions
# Nothing that is installed names the folder it was built in or, but for /usr, will stand in, so that
# the tree works wherever it is put.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(KEYWARD_BASH_COMPLETION_DIR ${CMAKE_INSTALL_DATADIR}/bash-completion/completions
    CACHE STRING "Where bash's completion of the command goes")
set(KEYWARD_ZSH_COMPLETION_DIR ${CMAKE_INSTALL_DATADIR}/zsh/site-functions
    CACHE STRING "Where zsh's completion of the command goes")

# ---- the library ----
install(FILES include/keyward/keyward.h
    DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/keyward COMPONENT development)
install(TARGETS keyward_shared EXPORT keyward-targets
    LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
        COMPONENT runtime NAMELINK_COMPONENT development
    INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(TARGETS keyward_static EXPORT keyward-static-targets
    ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT development
    INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})

# ---- for CMake: find_package(keyward) ----
# As SONAME: what has the same major version can take another's place.
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/keyward)
set(made ${CMAKE_CURRENT_BINARY_DIR}/cmake)
configure_package_config_file(cmake/keyward-config.cmake.in ${made}/keyward-config.cmake
    INSTALL_DESTINATION ${package_dir} NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(${made}/keyward-config-version.cmake
    COMPATIBILITY SameMajorVersion)
install(FILES ${made}/keyward-config.cmake ${made}/keyward-config-version.cmake
    DESTINATION ${package_dir} COMPONENT development)
foreach(targets keyward-targets keyward-static-targets)
    install(EXPORT ${targets} NAMESPACE keyward::
        DESTINATION ${package_dir} COMPONENT development)
endforeach()

# ---- for pkg-config: keyward.pc ----
# Folders that were given as absolute paths stay where they are; so does /usr, which pkg-config and
# the tools that read its flags leave out only where they see it by its name.
if(IS_ABSOLUTE "${CMAKE_INSTALL_LIBDIR}" OR CMAKE_INSTALL_PREFIX STREQUAL "/usr")
    set(pc_prefix ${CMAKE_INSTALL_PREFIX})
else()
    file(RELATIVE_PATH up /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
    string(REGEX REPLACE "/$" "" pc_prefix "\${pcfiledir}/${up}")
endif()
foreach(folder LIBDIR INCLUDEDIR)
    set(pc_${folder} ${CMAKE_INSTALL_${folder}})
    if(NOT IS_ABSOLUTE "${pc_${folder}}")
        set(pc_${folder} \${prefix}/${pc_${folder}})
    endif()
endforeach()
configure_file(cmake/keyward.pc.in ${made}/keyward.pc @ONLY)
install(FILES ${made}/keyward.pc
    DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT development)

# ---- the command ----
if(KEYWARD_CLI)
    install(TARGETS keyward_cli
        RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT command)
    install(FILES cli/completion/keyward.bash RENAME keyward
        DESTINATION ${KEYWARD_BASH_COMPLETION_DIR} COMPONENT command)
    install(FILES cli/completion/_keyward
        DESTINATION ${KEYWARD_ZSH_COMPLETION_DIR} COMPONENT command)
endif()

# ---- the manual ----
add_subdirectory(man)
