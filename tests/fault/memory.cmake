# SPDX-License-Identifier: MIT
# keyward_fault_memory(TARGET): allocations of the library go through fault/memory.c.
set(keyward_memory_calls malloc calloc realloc aligned_alloc strdup free
    sodium_malloc sodium_allocarray sodium_free)
function(keyward_fault_memory target)
    target_sources(${target} PRIVATE
        ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/memory.c ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/turn.c)
    list(TRANSFORM keyward_memory_calls PREPEND "LINKER:--wrap=" OUTPUT_VARIABLE options)
    target_link_options(${target} PRIVATE ${options})
endfunction()
