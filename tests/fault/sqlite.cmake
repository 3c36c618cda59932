# SPDX-License-Identifier: MIT
# Puts fault/sqlite.c between a suite and SQLite.
function(keyward_fault_sqlite suite)
    target_sources(${suite} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR}/fault/sqlite.c)
    foreach(name open_v2 exec prepare_v2 prepare_v3 step bind_text bind_int64 bind_blob64 db_config
            file_control backup_init backup_step wal_checkpoint_v2)
        target_link_options(${suite} PRIVATE LINKER:--wrap=sqlite3_${name})
    endforeach()
endfunction()
