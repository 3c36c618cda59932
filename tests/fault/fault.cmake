# SPDX-License-Identifier: MIT
# What stands between a suite and what it calls. lead_calls(TARGET FUNCTION...): the linker leads
# these functions to the target's own __wrap_FUNCTION.
function(lead_calls target)
    list(TRANSFORM ARGN PREPEND "LINKER:--wrap=" OUTPUT_VARIABLE options)
    target_link_options(${target} PUBLIC ${options})
endfunction()

set(keyward_memory_calls malloc calloc realloc aligned_alloc strdup free
    sodium_malloc sodium_allocarray sodium_free)
set(keyward_result_calls result_alloc result_copy result_keep)
set(keyward_system_calls open read write fsync close stat mknod renameat2 link rename mmap)
set(keyward_sqlite_calls open_v2 exec prepare_v2 prepare_v3 step bind_text bind_int64 bind_blob64
    db_config file_control backup_init backup_step wal_checkpoint_v2)

# A memory, results, a system, an SQLite that fail on order: fault/memory.h, fault/results.h,
# fault/system.h, fault/sqlite.h.
function(keyward_fault_memory target)
    target_sources(${target} PRIVATE
        ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/memory.c ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/turn.c)
    lead_calls(${target} ${keyward_memory_calls})
endfunction()

function(keyward_fault_results target)
    target_sources(${target} PRIVATE
        ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/results.c ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/turn.c)
    lead_calls(${target} ${keyward_result_calls})
endfunction()

function(keyward_fault_system target)
    target_sources(${target} PRIVATE
        ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/system.c ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/turn.c)
    lead_calls(${target} ${keyward_system_calls})
endfunction()

function(keyward_fault_sqlite target)
    target_sources(${target} PRIVATE ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/sqlite.c)
    set(calls ${keyward_sqlite_calls})
    list(TRANSFORM calls PREPEND sqlite3_)
    lead_calls(${target} ${calls})
endfunction()

# The queue that was used last: support/used_queue.h.
function(keyward_used_queue target)
    target_sources(${target} PRIVATE ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/../support/used_queue.c)
    lead_calls(${target} commit_queue_submit)
endfunction()
