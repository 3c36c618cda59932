# Turns schema/NNNN_name.sql into one C file: an array of the steps' texts, in order.
#   cmake -DSTEPS="a.sql;b.sql" -DOUTPUT=schema_steps.c -P EmbedSchema.cmake
set(text "/* Made from schema/ by cmake/EmbedSchema.cmake. */\n#include \"connection/schema_steps.h\"\n\n")
string(APPEND text "const char *const schema_steps[] = {\n")
list(LENGTH STEPS count)
foreach(step IN LISTS STEPS)
    file(READ "${step}" sql)
    string(REPLACE "\\" "\\\\" sql "${sql}")
    string(REPLACE "\"" "\\\"" sql "${sql}")
    string(REPLACE "\n" "\\n\"\n    \"" sql "${sql}")
    string(APPEND text "    \"${sql}\",\n")
endforeach()
string(APPEND text "};\n\nconst unsigned schema_step_count = ${count};\n")
file(WRITE "${OUTPUT}" "${text}")
