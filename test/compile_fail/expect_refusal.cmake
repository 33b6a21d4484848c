# Compiles SOURCE and expects failure with the sentence that stands behind "// expect: " in it, and
# without those behind "// reject: ".
file(STRINGS ${SOURCE} lines REGEX "^// expect: ")
list(GET lines 0 line)
string(REPLACE "// expect: " "" sentence "${line}")
execute_process(
  COMMAND ${COMPILER} -std=c++23 -fsyntax-only -I ${INCLUDE} ${SOURCE}
  RESULT_VARIABLE status
  ERROR_VARIABLE said
  OUTPUT_QUIET)
if(status EQUAL 0)
  message(FATAL_ERROR "it compiles, but should say: ${sentence}")
endif()
string(REGEX REPLACE "[ \n\t]+" " " said "${said}")
string(FIND "${said}" "${sentence}" place)
if(place EQUAL -1)
  message(FATAL_ERROR "it does not say: ${sentence}\nbut: ${said}")
endif()
file(STRINGS ${SOURCE} lines REGEX "^// reject: ")
foreach(line IN LISTS lines)
  string(REPLACE "// reject: " "" sentence "${line}")
  string(FIND "${said}" "${sentence}" place)
  if(NOT place EQUAL -1)
    message(FATAL_ERROR "it should not say: ${sentence}\nbut: ${said}")
  endif()
endforeach()
