# Run by CPack before it packs: manual pages and change logs are compressed, as Debian has them.
file(GLOB pages "${CPACK_TEMPORARY_DIRECTORY}/*/usr/share/man/man1/*.1"
  "${CPACK_TEMPORARY_DIRECTORY}/*/usr/share/doc/*/changelog")
if(pages)
  # Without name and time, so that the same pages give the same package.
  execute_process(COMMAND gzip -9nf ${pages} COMMAND_ERROR_IS_FATAL ANY)
endif()
