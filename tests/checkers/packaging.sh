# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2154 # a part of run.sh, which sets them
# The checkers of what is installed, and of what a host sees of a keyward that it builds along.

export CMAKE_GENERATOR="$generator"
version=$(sed -n 's/^CMAKE_PROJECT_VERSION:[A-Z]*=//p' "$plain/CMakeCache.txt")

# ---- tests/packaging/install.sh ----

installing() { # installing CMAKE-COMMAND: the plain build's own installation, and then this
    rm -rf "$work/installing"
    mkdir "$work/installing"
    cp "$plain/CMakeCache.txt" "$plain/cmake_install.cmake" "$work/installing"
    printf '%s\n' "$1" >>"$work/installing/cmake_install.cmake"
    tests/packaging/install.sh "$work/installing" "$work/tree"
}
# shellcheck disable=SC2016 # CMake's variables
planted_file='file(WRITE "$ENV{DESTDIR}${CMAKE_INSTALL_PREFIX}/planted" "'
passes 'an installation' installing ''
finds 'an installation that fails' 'cmake --install .* fails' installing 'message(FATAL_ERROR no)'
finds 'a file that knows where it was installed' 'DESTDIR installs something else' \
    installing "$planted_file\${CMAKE_INSTALL_PREFIX}\")"
finds 'a file of no component' 'component by component installs something else' \
    installing "if(NOT CMAKE_INSTALL_COMPONENT)
                    $planted_file\")
                endif()"
finds 'a file of two components' 'in two components: .*/planted' \
    installing "$planted_file\")"
passes 'an installation' installing ''

# ---- tests/packaging/tree.sh, on a copy of what it has installed ----

lib=$(dirname "$(dirname "$(cd "$work/tree" && find . -name keyward.pc)")")
package=$lib/cmake/keyward
edited() { # edited SED-COMMAND FILE
    sed "$1" "$2" >"$work/edited"
    cp "$work/edited" "$2"
}
change() { # change SHELL-COMMAND: in a copy of the tree
    rm -rf "$work/changed"
    cp -R "$work/tree" "$work/changed"
    (cd "$work/changed" && eval "$1")
}
tree() {
    change "$1" && tests/packaging/tree.sh "$work/changed" "$version" "$root" "$work"
}
replaced() { # replaced LINKER-OPTION...: the installed library, by a small one
    echo 'int planted;' >"$work/planted.c"
    "$cc" -shared -fPIC "$@" "$work/planted.c" -o "$work/changed/$lib/libkeyward.so.$version"
}
soname=libkeyward.so.${version%%.*}
passes 'a tree' tree ':'
finds 'a header that is missing' '< include/keyward/keyward.h' tree 'rm include/keyward/*'
finds 'a header too many' '> include/keyward/more.h' tree 'touch include/keyward/more.h'
finds 'a link that is none' 'libkeyward.so leads elsewhere' \
    tree "rm $lib/libkeyward.so && cp $lib/libkeyward.so.$version $lib/libkeyward.so"
finds 'another SONAME' 'the SONAME is another: .*so.99' \
    tree 'replaced -Wl,-soname,libkeyward.so.99'
finds 'a folder to look in' 'looks for libraries in a folder of its own' \
    tree "replaced -Wl,-soname,$soname,-rpath,/planted"
finds 'a path in a text file' 'files name' tree "echo '# $root' >>$lib/pkgconfig/keyward.pc"
finds 'another version for pkg-config' 'keyward.pc has another version' \
    tree "edited '/^Version:/s/$/.1/' $lib/pkgconfig/keyward.pc"
finds 'another version for CMake' 'the CMake package has another version' \
    tree "edited s/$version/$version.1/ $package/keyward-config-version.cmake"

# ---- tests/packaging/consumers.sh, likewise ----

consumers() {
    change "$1" && tests/packaging/consumers.sh "$cc" g++ "$work/changed"
}
header=include/keyward/keyward.h
finds 'a header of another version' 'a header of [0-9.]* and a library of' \
    consumers "edited '/define KEYWARD_VERSION /s/$version/$version.1/' $header"
finds 'a header that is no C++, installed' 'does not build' \
    consumers "edited 's/void \*clock_context/void *class/' $header"
finds 'a status that is another' 'authenticate with what is deleted: ' \
    consumers "edited 's/KEYWARD_REFUSED = 7/KEYWARD_REFUSED = 70/' $header"
finds 'a package that does not find SQLite' 'keyward::static needs' \
    consumers "edited '/modules(KEYWARD_SQLITE/d' $package/keyward-config.cmake"
finds 'a package that takes SQLite for found' 'is found without SQLite' \
    consumers "edited 's/if(KEYWARD_SQLITE_FOUND.*/if(TRUE)/' $package/keyward-config.cmake"
finds 'a version that passes for any' 'keyward .* passes for 1' \
    consumers "echo 'set(PACKAGE_VERSION_COMPATIBLE TRUE)' >>$package/keyward-config-version.cmake"
finds 'a prefix that stays behind' 'c_shared: does not build' \
    consumers "edited s,^prefix=.*,prefix=/planted, $lib/pkgconfig/keyward.pc"
finds 'dependencies that pkg-config is not told' 'c_static: does not build' \
    consumers "edited /^Requires.private/d $lib/pkgconfig/keyward.pc"

# ---- tests/packaging/subproject.sh ----

host() { # host CMAKE-COMMAND: added to keyward's own
    rm -rf "$work/source"
    mkdir "$work/source"
    cp -R CMakeLists.txt LICENSE cmake include lib schema "$work/source"
    printf '%s\n' "$1" >>"$work/source/CMakeLists.txt"
    tests/packaging/subproject.sh "$cc" g++ "$work/source" "$version"
}
finds 'a target without a prefix' 'sees of keyward: a target planted' \
    host 'add_custom_target(planted)'
finds 'an option without a prefix' 'sees of keyward: a variable PLANTED' \
    host 'option(PLANTED "" ON)'
finds 'a setting that the host did not make' 'sees of keyward: a variable CMAKE_C_STANDARD' \
    host 'set(CMAKE_C_STANDARD 11 PARENT_SCOPE)'
finds 'a setting of the host that is changed' 'a change of PROJECT_VERSION from' \
    host 'set(PROJECT_VERSION 1 PARENT_SCOPE)'
finds 'an option of the compiler for the whole host' 'a change of its COMPILE_OPTIONS' \
    host "set_property(DIRECTORY \${CMAKE_SOURCE_DIR} PROPERTY COMPILE_OPTIONS -O3)"
finds 'a definition for who links the library' 'the host has flags' \
    host 'target_compile_definitions(keyward_shared INTERFACE PLANTED)'
finds 'a test in a host' 'the host has tests' host 'add_test(NAME planted COMMAND true)'
finds 'a file that a host installs' 'the host installs something' \
    host 'install(FILES LICENSE DESTINATION share)'
