# The server under load, killed and started again; see load.sh. Not under a sanitizer, where the load
# would be none. Without wrk it fails: a test that is not run is none that passed.
if(NOT KEYWARD_SANITIZE)
    find_program(KEYWARD_WRK wrk)
    set(wrk ${KEYWARD_WRK})
    if(NOT wrk)
        set(wrk wrk)
    endif()
    add_executable(http_load_store ${CMAKE_CURRENT_LIST_DIR}/load_store.c)
    target_link_libraries(http_load_store PRIVATE keyward::static keyward_flags)
    add_test(NAME http_load COMMAND ${CMAKE_CURRENT_LIST_DIR}/load.sh
        $<TARGET_FILE:keyward_http_server> $<TARGET_FILE:http_load_store> ${wrk}
        ${CMAKE_CURRENT_BINARY_DIR})
    set_tests_properties(http_load PROPERTIES RUN_SERIAL TRUE LABELS web)
endif()
