# idf.py / make -C ports/esp32 USER_C_MODULES=/abs/native/usermod/micropython.cmake
get_filename_component(TYMPAN_CORE ${CMAKE_CURRENT_LIST_DIR}/../core ABSOLUTE)
file(GLOB_RECURSE TYMPAN_SOURCES ${TYMPAN_CORE}/*.c)
list(FILTER TYMPAN_SOURCES EXCLUDE REGEX "/plain/") # what tests compare the kernels with

add_library(usermod_tympan INTERFACE)
target_sources(usermod_tympan INTERFACE
    ${CMAKE_CURRENT_LIST_DIR}/modtympan.c ${CMAKE_CURRENT_LIST_DIR}/deadman.c ${CMAKE_CURRENT_LIST_DIR}/port_esp32.c
    ${TYMPAN_SOURCES})
# Before 1.28, MicroPython compiles modules a second time, without ESP-IDF's options, and links those copies: give them along
idf_build_get_property(TYMPAN_OPTIONS COMPILE_OPTIONS)
target_compile_options(usermod_tympan INTERFACE ${TYMPAN_OPTIONS})
target_include_directories(usermod_tympan INTERFACE ${CMAKE_CURRENT_LIST_DIR})
target_link_libraries(usermod INTERFACE usermod_tympan)
