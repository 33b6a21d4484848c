# Runs one way of consuming shelf, as `cmake -D way=... -P steps.cmake`; any failing step ends it.
cmake_minimum_required(VERSION 3.25)

# run(COMMAND...): the command with its output, fatal if it fails.
macro(run)
  execute_process(COMMAND ${ARGV} COMMAND_ERROR_IS_FATAL ANY)
endmacro()

# configure(DIRECTORY ARGUMENTS...): the consumer of that folder, configured.
macro(configure directory)
  set(into ${work}/${way}/build)
  run(${CMAKE_COMMAND} -S ${CMAKE_CURRENT_LIST_DIR}/${directory} -B ${into} -G ${generator}
    -D CMAKE_CXX_COMPILER=${compiler} "-DCMAKE_CXX_FLAGS=${flags}" -D CMAKE_BUILD_TYPE=Debug
    -D CMAKE_CXX_FLAGS_DEBUG=
    ${ARGN})
endmacro()

# consume(DIRECTORY ARGUMENTS...): configures, builds and runs the consumer of that folder.
function(consume directory)
  configure(${directory} ${ARGN})
  run(${CMAKE_COMMAND} --build ${into})
  run(${into}/consumer)
endfunction()

file(REMOVE_RECURSE ${work}/${way})
file(MAKE_DIRECTORY ${work}/${way})
if(way STREQUAL "installed")
  run(${CMAKE_COMMAND} --install ${shelf_build} --prefix ${work}/${way}/first)
  # The tree is moved before use: nothing in it may name the place it was installed to.
  file(RENAME ${work}/${way}/first ${work}/${way}/prefix)
  foreach(page README.md docs/types.md docs/errors.md)
    if(NOT EXISTS ${work}/${way}/prefix/${docdir}/${page})
      message(FATAL_ERROR "the documentation lacks ${page}")
    endif()
  endforeach()
elseif(way STREQUAL "find_package")
  consume(find_package -D shelf_DIR=${work}/installed/prefix/${libdir}/cmake/shelf)
elseif(way STREQUAL "conan_test")
  # The program with which Conan checks its package.
  consume(../../packaging/conan/test_package
    -D shelf_DIR=${work}/installed/prefix/${libdir}/cmake/shelf)
elseif(way STREQUAL "add_subdirectory")
  # To the first objects; from there on it is as fetch_content, which does the same by itself.
  configure(add_subdirectory -D shelf_source=${shelf_source})
  run(${CMAKE_COMMAND} --build ${into} --target shelf_error)
elseif(way STREQUAL "fetch_content")
  # Sources brought in by CMake, built as a shared library.
  consume(fetch_content -D shelf_source=${shelf_source} -D FETCHCONTENT_FULLY_DISCONNECTED=ON
    -D BUILD_SHARED_LIBS=ON -D SHELF_INSTALL=ON)
elseif(way STREQUAL "shared")
  # The library of fetch_content, installed and found.
  run(${CMAKE_COMMAND} --install ${work}/fetch_content/build --prefix ${work}/${way}/prefix)
  consume(find_package -D shelf_DIR=${work}/${way}/prefix/${libdir}/cmake/shelf)
  file(GLOB library ${work}/${way}/prefix/${libdir}/libshelf.so)
  set(rooms "dets_format|engine|file|journal|kinds|memory|stores|terms|upkeep")
  execute_process(COMMAND ${nm} --dynamic --defined-only --demangle ${library}
    OUTPUT_VARIABLE symbols COMMAND_ERROR_IS_FATAL ANY)
  if(NOT symbols MATCHES "shelf::to_string\\(shelf::errc\\)")
    message(FATAL_ERROR "${library} does not show the public functions")
  elseif(symbols MATCHES " [TV] ([a-z ]+ for )?shelf::(${rooms})::[^\n]*")
    message(FATAL_ERROR "${library} shows what is inside: ${CMAKE_MATCH_0}")
  endif()
elseif(way STREQUAL "pkg_config")
  set(ENV{PKG_CONFIG_PATH} ${work}/installed/prefix/${libdir}/pkgconfig)
  execute_process(COMMAND pkg-config --static --cflags --libs shelf
    OUTPUT_VARIABLE found OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
  separate_arguments(found UNIX_COMMAND "${found}")
  separate_arguments(flags UNIX_COMMAND "${flags}")
  run(${compiler} ${flags} -std=c++23 ${CMAKE_CURRENT_LIST_DIR}/main.cpp
    -o ${work}/${way}/consumer ${found})
  set(ENV{LD_LIBRARY_PATH} ${work}/installed/prefix/${libdir})
  run(${work}/${way}/consumer)
else()
  message(FATAL_ERROR "no such way: ${way}")
endif()
