# The installed package: the headers that programs need, under include/cerium in the folders of the source tree, the layers' libraries, and
# CeriumConfig.cmake, so that find_package(Cerium) gives the same Cerium::cerium as add_subdirectory does.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/Cerium)

# The headers that `header` includes, directly or through others, as paths in the source tree.
function(cerium_included_headers header result)
  set(found ${header})
  set(todo ${header})
  while(todo)
    list(POP_FRONT todo now)
    file(STRINGS ${PROJECT_SOURCE_DIR}/${now} lines REGEX "^#include \"")
    foreach(line IN LISTS lines)
      string(REGEX REPLACE "^#include \"([^\"]+)\".*" "\\1" included "${line}")
      if(NOT included IN_LIST found)
        list(APPEND found ${included})
        list(APPEND todo ${included})
      endif()
    endforeach()
  endwhile()
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${found})
  set(${result} ${found} PARENT_SCOPE)
endfunction()

set(public_header driver/include/cerium/cerium.h)
cerium_included_headers(${public_header} headers)
list(REMOVE_ITEM headers ${public_header})
install(FILES ${public_header} DESTINATION include/cerium COMPONENT development)
foreach(header IN LISTS headers)
  cmake_path(GET header PARENT_PATH folder)
  install(FILES ${header} DESTINATION include/cerium/${folder} COMPONENT development)
endforeach()

get_property(layers GLOBAL PROPERTY CERIUM_LAYERS)
install(TARGETS cerium ${layers} EXPORT CeriumTargets
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT development)
install(TARGETS cerium_tool RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT tool)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/docs/systemd/ DESTINATION lib/systemd/system COMPONENT tool
  FILES_MATCHING PATTERN "*.service")
install(EXPORT CeriumTargets NAMESPACE Cerium:: DESTINATION ${package_dir} COMPONENT development)

configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/CeriumConfig.cmake.in
  ${PROJECT_BINARY_DIR}/CeriumConfig.cmake INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/CeriumConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/CeriumConfig.cmake ${PROJECT_BINARY_DIR}/CeriumConfigVersion.cmake
  DESTINATION ${package_dir} COMPONENT development)
