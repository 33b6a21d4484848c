# Compiles each public header as C++20: the first error must say what is missing, and only one more
# line that compilation ends may follow it.
file(GLOB_RECURSE headers RELATIVE ${INCLUDE} ${INCLUDE}/shelf/*.hpp)
foreach(header IN LISTS headers)
  set(source ${DIRECTORY}/older_language.cpp)
  file(WRITE ${source} "#include <${header}>\n")
  execute_process(
    COMMAND ${COMPILER} -std=c++20 -fsyntax-only -I ${INCLUDE} ${source}
    RESULT_VARIABLE status
    ERROR_VARIABLE said
    OUTPUT_QUIET)
  string(REGEX MATCHALL "error: [^\n]*" errors "${said}")
  list(LENGTH errors count)
  string(REGEX MATCH "^error: [^;]*shelf needs C\\+\\+23: " first "${errors}")
  if(status EQUAL 0 OR first STREQUAL "" OR count GREATER 2)
    message(FATAL_ERROR "${header} says: ${said}")
  endif()
endforeach()
