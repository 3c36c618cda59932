# SPDX-License-Identifier: MIT
# Makes one C file of many. What it writes depends on the files and their order alone.
#   awk -v folders="lib|build/lib" -v output=keyward.c -f amalgamate.awk HEAD SOURCE...
#
# The head is copied as it is. Each source is looked for in the folders, and so is each private header,
# which goes in front of the first file that includes it. What is known to more than one file, but is
# not public, becomes KEYWARD_PRIVATE. To tell which that is takes no more than the project's format:
# what is declared at the top of a file begins its line, and only what is public is named keyward_.

BEGIN {
    folder_count = split(folders, folder, "|")
    copy_head(ARGV[1])
    for (i = 2; i < ARGC; i++)
        add(ARGV[i])
    exit
}

function fail(text) {
    print "amalgamate.awk: " text > "/dev/stderr"
    exit 1
}

# Never more than one empty line at a time: includes leave some behind.
function write(line) {
    if (line != "" || last != "")
        print line > output
    last = line
}

function copy_head(file,    line) {
    while ((getline line < file) > 0)
        write(line)
    close(file)
}

function path_of(name,    i, path, line, found) {
    for (i = 1; i <= folder_count; i++) {
        path = folder[i] "/" name
        found = (getline line < path) > 0
        close(path)
        if (found)
            return path
    }
    fail("there is no " name)
}

# Files of the project include what they need before anything else.
function add(name,    path, line, parts) {
    if (name in added)
        return
    added[name]
    path = path_of(name)
    while ((getline line < path) > 0)
        if (split(line, parts, "\"") == 3 && parts[1] == "#include ")
            add(parts[2])
    close(path)
    write("")
    write("/* ==== " name " ==== */")
    while ((getline line < path) > 0)
        add_line(line)
    close(path)
}

function add_line(line) {
    if (line ~ /^#include "/ || line ~ /^#include <keyward\// || line ~ /SPDX-License-Identifier/)
        return
    if (line ~ /^#include </) {
        if (line in added)
            return
        added[line]
    }
    # The definition of a variable stands in front of its uses.
    if (line ~ /^extern /)
        return
    write((is_private(line) ? "KEYWARD_PRIVATE " : "") line)
}

function is_private(line) {
    if (line ~ /^(static|_Static_assert|typedef)/ || line ~ /^[^(]*[ *]keyward_[a-z_]*\(/)
        return 0
    # A function, declared or defined, with attributes or without; or a variable and its value.
    return line ~ /^[A-Za-z_][^;{=\/]*[ *][a-z][a-z0-9_]*\(/ || line ~ /^[a-z][^(;{]* = /
}
