# Compiler settings, third-party packages, and the function that makes one layer.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CERIUM_WARNINGS -Wall -Wextra -Wshadow -Wnon-virtual-dtor)
if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  # The annotations of base/util/mutex.h. Clang 16 calls a capture of `this` unused where only some instantiations of
  # a generic lambda use it.
  list(APPEND CERIUM_WARNINGS -Wthread-safety -Wno-unused-lambda-capture)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # At -O3, g++ 12 gives these for correct uses of std::string and fmt (with sizes of 2^63 in the message), and of
  # std::optional and std::variant.
  list(APPEND CERIUM_WARNINGS -Wno-restrict -Wno-stringop-overflow -Wno-maybe-uninitialized)
endif()
if(PROJECT_IS_TOP_LEVEL)
  list(APPEND CERIUM_WARNINGS -Werror)
  set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
  set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
  find_program(CERIUM_CCACHE ccache)
  if(CERIUM_CCACHE)
    set(CMAKE_CXX_COMPILER_LAUNCHER ${CERIUM_CCACHE})
  endif()
  find_program(CERIUM_MOLD mold)
  if(CERIUM_MOLD)
    add_link_options(-fuse-ld=mold)
  endif()
  # Assertions of the standard library and of Cerium are on in every build.
  string(REPLACE "-DNDEBUG" "" CMAKE_CXX_FLAGS_RELEASE "${CMAKE_CXX_FLAGS_RELEASE}")
endif()
if(CERIUM_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)  # the coverage that guides the fuzzer
endif()
if(CERIUM_SANITIZE)
  add_compile_options(-fsanitize=${CERIUM_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${CERIUM_SANITIZE})
  if(CERIUM_SANITIZE MATCHES "thread")
    list(APPEND CERIUM_WARNINGS -Wno-tsan)  # Asio's fences; the mutexes around its queues order the same accesses.
  endif()
endif()

# Global, so that a project with Cerium as a subfolder can link the targets that Cerium's libraries name.
# CeriumConfig.cmake.in repeats this list for the installed package.
set(CMAKE_FIND_PACKAGE_TARGETS_GLOBAL ON)
find_package(Threads REQUIRED)
find_package(fmt REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(ZLIB REQUIRED)
find_package(Boost 1.81 REQUIRED COMPONENTS serialization)
find_package(cereal REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(XXHASH REQUIRED IMPORTED_TARGET GLOBAL libxxhash)
pkg_check_modules(LZ4 REQUIRED IMPORTED_TARGET GLOBAL liblz4)
pkg_check_modules(ZSTD REQUIRED IMPORTED_TARGET GLOBAL libzstd)
pkg_check_modules(DW REQUIRED IMPORTED_TARGET GLOBAL libdw)
pkg_check_modules(SIMDJSON REQUIRED IMPORTED_TARGET GLOBAL simdjson)
if(CERIUM_JEMALLOC AND NOT CERIUM_SANITIZE)
  pkg_check_modules(JEMALLOC IMPORTED_TARGET GLOBAL jemalloc)
endif()

# cerium_add_layer(NAME DIR folder LINK targets...): the library cerium_NAME, static from every .cc of the folder, or of
# headers alone where it has none. Warnings are this project's own: a program that links Cerium keeps its settings.
function(cerium_add_layer name)
  cmake_parse_arguments(ARG "" "DIR" "LINK" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${ARG_DIR}/*.cc)
  if(sources)
    set(visibility PUBLIC)
    add_library(cerium_${name} STATIC ${sources})
    target_compile_options(cerium_${name} PRIVATE ${CERIUM_WARNINGS})
  else()
    set(visibility INTERFACE)
    add_library(cerium_${name} INTERFACE)
  endif()
  target_include_directories(cerium_${name} ${visibility}
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}> $<INSTALL_INTERFACE:include/cerium> $<INSTALL_INTERFACE:include>)
  target_compile_features(cerium_${name} ${visibility} cxx_std_20)
  target_link_libraries(cerium_${name} ${visibility} ${ARG_LINK})
  set_target_properties(cerium_${name} PROPERTIES EXPORT_NAME ${name})
  set_property(GLOBAL APPEND PROPERTY CERIUM_LAYERS cerium_${name})
  set_property(GLOBAL APPEND PROPERTY CERIUM_LAYER_FOLDERS ${ARG_DIR})
endfunction()

# cerium_add_program(NAME SOURCE): a program of this project that uses Cerium as a user's program does.
function(cerium_add_program name source)
  add_executable(${name} ${source})
  target_compile_options(${name} PRIVATE ${CERIUM_WARNINGS})
  target_link_libraries(${name} PRIVATE Cerium::cerium)
endfunction()
