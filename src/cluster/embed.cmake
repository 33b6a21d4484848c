# Writes OUTPUT, a C++ source that holds the text of INPUT with that of VIEWS in its place:
# cmake -D INPUT=... -D VIEWS=... -D OUTPUT=... -P
cmake_minimum_required(VERSION 3.25)  # older ones replace @NAME@
file(READ ${INPUT} text)
file(READ ${VIEWS} views)
string(REPLACE "@views@\n" "${views}" text "${text}")
file(WRITE ${OUTPUT} "// Made of schema.sql and views.sql by embed.cmake.\n"
  "namespace shelf::cluster {\n"
  "extern const char* const schema_text;\n"
  "const char* const schema_text = R\"sql(${text})sql\";\n"
  "}  // namespace shelf::cluster\n")
