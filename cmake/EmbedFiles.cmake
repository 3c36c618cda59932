# Turns files into one C file that defines the `embedded_files` of a "files.h".
#   cmake -DFILES="a.html;b.css" -DOUTPUT=embedded_files.c -P EmbedFiles.cmake
set(arrays "")
set(table "")
set(number 0)
foreach(file IN LISTS FILES)
    file(READ "${file}" bytes HEX)
    string(LENGTH "${bytes}" digits)
    math(EXPR length "${digits} / 2")
    string(REGEX REPLACE "(................................)" "\\1\n    " bytes "${bytes}")
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
    get_filename_component(name "${file}" NAME)
    # The NUL behind it keeps an empty file from becoming an empty array.
    string(APPEND arrays "static const unsigned char file_${number}[] = {\n    ${bytes}0};\n\n")
    string(APPEND table "    {\"${name}\", file_${number}, ${length}},\n")
    math(EXPR number "${number} + 1")
endforeach()
file(WRITE "${OUTPUT}" "/* Made by cmake/EmbedFiles.cmake. */\n#include \"files.h\"\n\n${arrays}"
    "const struct file embedded_files[] = {\n${table}};\n"
    "const size_t embedded_file_count = ${number};\n")
