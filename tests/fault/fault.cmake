# SPDX-License-Identifier: MIT
# What stands between a suite and what it calls. lead_calls(TARGET FUNCTION...): the linker leads
# these functions to the target's own __wrap_FUNCTION.
#
# On 32 bits glibc's headers give files and times of 64 bits by functions of other names. These are the
# linker's; a suite keeps to the names of C.
include(CheckSymbolExists)
check_symbol_exists(__GLIBC__ features.h KEYWARD_ON_GLIBC)
if(KEYWARD_ON_GLIBC AND CMAKE_SIZEOF_VOID_P EQUAL 4)
    set(keyward_linker_name_of_open open64)
    set(keyward_linker_name_of_mmap mmap64)
    set(keyward_linker_name_of_stat __stat64_time64)
    set(keyward_linker_name_of_lstat __lstat64_time64)
    set(keyward_linker_name_of_nanosleep __nanosleep64)
    set(keyward_linker_name_of_clock_gettime __clock_gettime64)
endif()

function(lead_calls target)
    foreach(name IN LISTS ARGN)
        set(other ${keyward_linker_name_of_${name}})
        if(other)
            target_compile_definitions(${target} PUBLIC
                __wrap_${name}=__wrap_${other} __real_${name}=__real_${other})
            set(name ${other})
        endif()
        target_link_options(${target} PUBLIC LINKER:--wrap=${name})
    endforeach()
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
