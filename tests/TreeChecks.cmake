# Tests of the tree itself: layers, headers, formatting, what must not compile, and the installed package.
find_package(Python3 REQUIRED COMPONENTS Interpreter)
set(scripts ${PROJECT_SOURCE_DIR}/scripts)

add_test(NAME layers COMMAND Python3::Interpreter ${scripts}/check_layers.py ${PROJECT_SOURCE_DIR})
add_test(NAME fault_tests COMMAND Python3::Interpreter ${scripts}/check_fault_tests.py ${PROJECT_SOURCE_DIR})
add_test(NAME format COMMAND ${scripts}/format.sh --check)
set_tests_properties(format PROPERTIES SKIP_RETURN_CODE 77)
add_test(NAME must_not_compile
  COMMAND Python3::Interpreter ${scripts}/must_not_compile.py ${CMAKE_CXX_COMPILER} ${PROJECT_SOURCE_DIR})
add_test(NAME headers_are_light
  COMMAND Python3::Interpreter ${scripts}/check_light_headers.py ${CMAKE_CXX_COMPILER} ${PROJECT_SOURCE_DIR})
add_test(NAME header_cost
  COMMAND Python3::Interpreter ${scripts}/header_cost.py ${CMAKE_CXX_COMPILER} ${PROJECT_SOURCE_DIR})
add_test(NAME installed_package
  COMMAND ${scripts}/installed_package.sh ${PROJECT_BINARY_DIR} ${CMAKE_CXX_COMPILER})

# A header with a .cc of its own is included first there (`layers` checks that), so the build proves that it compiles
# alone. Each other header is compiled in a file of its own.
get_property(layer_folders GLOBAL PROPERTY CERIUM_LAYER_FOLDERS)
set(header_sources)
foreach(folder IN LISTS layer_folders)
  file(GLOB_RECURSE headers RELATIVE ${PROJECT_SOURCE_DIR} CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${folder}/*.h)
  foreach(header IN LISTS headers)
    string(REGEX REPLACE "\\.h$" ".cc" implementation ${header})
    if(NOT EXISTS ${PROJECT_SOURCE_DIR}/${implementation})
      file(CONFIGURE OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/headers/${implementation} CONTENT "#include \"${header}\"\n")
      list(APPEND header_sources ${CMAKE_CURRENT_BINARY_DIR}/headers/${implementation})
    endif()
  endforeach()
endforeach()
add_library(header_sources OBJECT EXCLUDE_FROM_ALL ${header_sources})
target_compile_options(header_sources PRIVATE ${CERIUM_WARNINGS} -O0)
target_link_libraries(header_sources PRIVATE Cerium::cerium)
add_test(NAME headers_self_contained
  COMMAND ${CMAKE_COMMAND} --build ${PROJECT_BINARY_DIR} --target header_sources --parallel 2)

set_tests_properties(layers format must_not_compile headers_are_light header_cost PROPERTIES TIMEOUT 240)
set_tests_properties(headers_self_contained installed_package PROPERTIES TIMEOUT 600)
# It measures time, so no other test runs beside it.
set_tests_properties(header_cost PROPERTIES RUN_SERIAL TRUE)
