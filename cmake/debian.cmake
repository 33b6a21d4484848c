# Debian packages: the shared library, what programs are built with, the tool. `make package`.
#
# Static and shared library are the same objects, so packages need a link more and no compiler. The
# folders are those that this build was configured for: below /usr/lib, not /usr/lib/<machine>.

# The shared library beside a static one, for its package alone.
set(shelf_library shelf)
if(shelf_type STREQUAL "STATIC_LIBRARY")
  set(shelf_library shelf_shared)
  find_package(Threads REQUIRED)
  find_package(ZLIB REQUIRED)
  add_library(shelf_shared SHARED EXCLUDE_FROM_ALL)
  if(SHELF_BUILD_TESTS)
    set_target_properties(shelf_shared PROPERTIES EXCLUDE_FROM_ALL OFF)
  endif()
  get_target_property(objects shelf SOURCES)
  list(FILTER objects INCLUDE REGEX "^\\$<TARGET_OBJECTS:")
  target_sources(shelf_shared PRIVATE ${objects})
  target_link_libraries(shelf_shared PRIVATE Threads::Threads ZLIB::ZLIB)
  set_target_properties(shelf_shared PROPERTIES
    OUTPUT_NAME shelf LINKER_LANGUAGE CXX VERSION ${PROJECT_VERSION} SOVERSION ${shelf_soversion})
  shelf_hide_rooms(shelf_shared)
  install(TARGETS shelf_shared
    LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT library NAMELINK_COMPONENT development
    EXCLUDE_FROM_ALL)
endif()

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME shelf)
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "")   # each package has its own
set(CPACK_PACKAGE_VENDOR "the shelf authors")
set(CPACK_PACKAGE_CONTACT "the shelf authors <shelf@localhost>")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_PRE_BUILD_SCRIPTS ${CMAKE_CURRENT_LIST_DIR}/debian_compress.cmake)

# shelf_package(COMPONENT NAME SECTION DESCRIPTION): a component as a package, with its licence.
set(CPACK_COMPONENTS_ALL)
macro(shelf_package component name section description)
  string(TOUPPER ${component} upper)
  list(APPEND CPACK_COMPONENTS_ALL ${component})
  set(CPACK_DEBIAN_${upper}_PACKAGE_NAME ${name})
  set(CPACK_DEBIAN_${upper}_PACKAGE_SECTION ${section})
  set(CPACK_COMPONENT_${upper}_DESCRIPTION "${description}")
  install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/${name}
    RENAME copyright COMPONENT ${component} EXCLUDE_FROM_ALL)
  install(FILES ${PROJECT_SOURCE_DIR}/CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/${name}
    RENAME changelog COMPONENT ${component} EXCLUDE_FROM_ALL)
endmacro()

# Needs of programs are found in their objects by dpkg-shlibdeps. xxHash is in nobody's list: its
# header was compiled in.
shelf_package(library libshelf${shelf_soversion} libs "durable in-memory tables, shared library
Tables of plain C++ values that live in memory and keep themselves in one file
each. This package holds what programs need that were linked with it.")
set(CPACK_DEBIAN_LIBRARY_PACKAGE_SHLIBDEPS ON)

shelf_package(development libshelf-dev libdevel "durable in-memory tables, for development
Headers, the static library, the files by which CMake and pkg-config find
them, and the documentation.")
set(shelf_pages_dir ${CMAKE_INSTALL_DATADIR}/doc/libshelf-dev)
install(FILES ${PROJECT_SOURCE_DIR}/README.md DESTINATION ${shelf_pages_dir}
  COMPONENT development EXCLUDE_FROM_ALL)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/docs DESTINATION ${shelf_pages_dir}
  COMPONENT development EXCLUDE_FROM_ALL FILES_MATCHING PATTERN "*.md" PATTERN "*.svg")
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS
  "libshelf${shelf_soversion} (= ${PROJECT_VERSION}), zlib1g-dev")

if(SHELF_BUILD_CLI)
  shelf_package(tool shelf-tools database "durable in-memory tables, command line tool
The tool shelf looks into tables, changes, imports, exports, checks and
salvages them. With man page and completion for bash and zsh.")
  set(CPACK_DEBIAN_TOOL_PACKAGE_SHLIBDEPS ON)
endif()
include(CPack)

add_custom_target(debian_packages
  COMMAND ${CMAKE_CPACK_COMMAND} -G DEB -B ${PROJECT_BINARY_DIR}/packages
  WORKING_DIRECTORY ${PROJECT_BINARY_DIR} VERBATIM)
add_dependencies(debian_packages shelf ${shelf_library})
if(SHELF_BUILD_CLI)
  add_dependencies(debian_packages shelf_cli shelf_shell_files)
endif()
