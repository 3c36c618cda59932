# keyward_fault_memory(TARGET): allocations of the library go through fault/memory.c.
function(keyward_fault_memory target)
    target_sources(${target} PRIVATE ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/memory.c)
    target_link_options(${target} PRIVATE
        LINKER:--wrap=malloc,--wrap=calloc,--wrap=strdup,--wrap=sodium_malloc,--wrap=sodium_allocarray)
endfunction()
