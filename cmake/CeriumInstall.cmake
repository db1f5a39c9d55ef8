# The installed package: headers under include/cerium in the folders of the source tree, the layers' libraries, and
# CeriumConfig.cmake, so that find_package(Cerium) gives the same Cerium::cerium as add_subdirectory does.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/Cerium)

get_property(layers GLOBAL PROPERTY CERIUM_LAYERS)
get_property(layer_folders GLOBAL PROPERTY CERIUM_LAYER_FOLDERS)
foreach(folder IN LISTS layer_folders)
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/${folder}/ DESTINATION include/cerium/${folder}
    FILES_MATCHING PATTERN "*.h" PATTERN include EXCLUDE)
endforeach()
install(DIRECTORY ${PROJECT_SOURCE_DIR}/driver/include/cerium/ DESTINATION include/cerium FILES_MATCHING PATTERN "*.h")

install(TARGETS cerium ${layers} EXPORT CeriumTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(TARGETS cerium_tool RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(EXPORT CeriumTargets NAMESPACE Cerium:: DESTINATION ${package_dir})

configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/CeriumConfig.cmake.in
  ${PROJECT_BINARY_DIR}/CeriumConfig.cmake INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/CeriumConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/CeriumConfig.cmake ${PROJECT_BINARY_DIR}/CeriumConfigVersion.cmake
  DESTINATION ${package_dir})
