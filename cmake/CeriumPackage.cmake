# Debian packages by `cpack` in the build folder: `cerium` has the tool and the systemd units, for the machines of a
# cluster; `libcerium-dev` has headers and libraries, for those that compile programs.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME cerium)
set(CPACK_PACKAGE_CONTACT "The developers of Cerium <cerium@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "Spark's RDD engine as native C++")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_ALL tool development)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)

set(CPACK_DEBIAN_TOOL_PACKAGE_NAME cerium)
set(CPACK_COMPONENT_TOOL_DESCRIPTION "The tool cerium: manager and worker of a cluster, submit; with systemd units.")
set(CPACK_DEBIAN_TOOL_PACKAGE_SECTION net)
set(CPACK_DEBIAN_TOOL_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_TOOL_PACKAGE_DEPENDS passwd)
set(CPACK_DEBIAN_TOOL_PACKAGE_CONTROL_EXTRA ${PROJECT_SOURCE_DIR}/cmake/debian/postinst)

# The packages that CeriumConfig.cmake looks for.
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME libcerium-dev)
set(CPACK_COMPONENT_DEVELOPMENT_DESCRIPTION "Headers and libraries of Cerium, for driver programs in C++20.")
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS "cerium (= ${PROJECT_VERSION}), libboost-dev (>= 1.81) | libboost1.81-dev, \
libboost-serialization-dev (>= 1.81) | libboost-serialization1.81-dev, libcereal-dev, libfmt-dev, liblz4-dev, \
libzstd-dev, libxxhash-dev, libssl-dev, zlib1g-dev, libdw-dev, libsimdjson-dev, libjemalloc-dev, pkg-config")
include(CPack)
