# Writes OUTPUT, a C++ source that holds the text of INPUT: cmake -D INPUT=... -D OUTPUT=... -P
file(READ ${INPUT} text)
file(WRITE ${OUTPUT} "// Made of schema.sql by embed.cmake.\n"
  "namespace shelf::cluster {\n"
  "extern const char* const schema_text;\n"
  "const char* const schema_text = R\"sql(${text})sql\";\n"
  "}  // namespace shelf::cluster\n")
