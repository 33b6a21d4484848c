# What leaves the source tree: the public headers, the library, its CMake and pkg-config files.
include(GNUInstallDirs)

# Everything below include/ is public, so the list is the folder.
file(GLOB_RECURSE shelf_headers CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/include/shelf/*.hpp)
# Headers of the optional library shelf::cluster, which is in none of the packages.
set(shelf_cluster_headers ${PROJECT_SOURCE_DIR}/include/shelf/cluster.hpp)
# That of shelf::compressed, which is not installed.
set(shelf_compressed_headers ${PROJECT_SOURCE_DIR}/include/shelf/compressed.hpp)
list(REMOVE_ITEM shelf_headers ${shelf_cluster_headers} ${shelf_compressed_headers})
target_sources(shelf PUBLIC
  FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR}/include FILES ${shelf_headers})

# Before 1.0 a minor version may change the binary interface.
set(shelf_soversion ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
set_target_properties(shelf PROPERTIES
  VERSION ${PROJECT_VERSION} SOVERSION ${shelf_soversion})

# A shared library shows namespace shelf and hides the rooms behind it.
function(shelf_hide_rooms library)
  set(map ${PROJECT_SOURCE_DIR}/cmake/exports.map)
  target_link_options(${library} PRIVATE LINKER:--version-script=${map})
  set_target_properties(${library} PROPERTIES LINK_DEPENDS ${map})
endfunction()
get_target_property(shelf_type shelf TYPE)
if(shelf_type STREQUAL "SHARED_LIBRARY")
  shelf_hide_rooms(shelf)
endif()

if(NOT SHELF_INSTALL)
  return()
endif()
include(CMakePackageConfigHelpers)
set(shelf_cmake_dir ${CMAKE_INSTALL_LIBDIR}/cmake/shelf)

install(TARGETS shelf EXPORT shelfTargets
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT development
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT library NAMELINK_COMPONENT development
  RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT library
  FILE_SET HEADERS DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT development)
install(EXPORT shelfTargets NAMESPACE shelf:: DESTINATION ${shelf_cmake_dir}
  COMPONENT development)

configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/shelfConfig.cmake.in
  ${PROJECT_BINARY_DIR}/shelfConfig.cmake INSTALL_DESTINATION ${shelf_cmake_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/shelfConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/shelfConfig.cmake ${PROJECT_BINARY_DIR}/shelfConfigVersion.cmake
  DESTINATION ${shelf_cmake_dir} COMPONENT development)

# The prefix is where shelf.pc lies, less its folders: an installed tree can be moved.
file(RELATIVE_PATH shelf_pc_to_prefix
  ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
string(REGEX REPLACE "/$" "" shelf_pc_to_prefix "${shelf_pc_to_prefix}")
configure_file(${CMAKE_CURRENT_LIST_DIR}/shelf.pc.in ${PROJECT_BINARY_DIR}/shelf.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/shelf.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig
  COMPONENT development)

# The pages, laid out as in the repository, so that their links to each other work.
set(shelf_pages ${PROJECT_SOURCE_DIR}/README.md ${PROJECT_SOURCE_DIR}/CHANGELOG.md
  ${PROJECT_SOURCE_DIR}/LICENSE)
install(FILES ${shelf_pages} DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT documentation)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/docs DESTINATION ${CMAKE_INSTALL_DOCDIR}
  COMPONENT documentation FILES_MATCHING PATTERN "*.md" PATTERN "*.svg")
