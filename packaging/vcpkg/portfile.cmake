# An overlay port: it builds the tree that it lies in, so there is nothing to load and no hash to
# keep. `vcpkg install shelf --overlay-ports=<shelf>/packaging/vcpkg`
get_filename_component(SOURCE_PATH "${CURRENT_PORT_DIR}/../.." ABSOLUTE)

vcpkg_check_features(OUT_FEATURE_OPTIONS FEATURE_OPTIONS FEATURES tool SHELF_BUILD_CLI)
vcpkg_cmake_configure(
  SOURCE_PATH "${SOURCE_PATH}"
  OPTIONS
    ${FEATURE_OPTIONS}
    -DSHELF_BUILD_TESTS=OFF
    -DSHELF_BUILD_EXAMPLES=OFF
    -DSHELF_BUILD_BENCHMARKS=OFF
    -DSHELF_BUILD_CLUSTER=OFF
    -DSHELF_INSTALL=ON)
vcpkg_cmake_install()
vcpkg_cmake_config_fixup(CONFIG_PATH lib/cmake/shelf)
vcpkg_fixup_pkgconfig()
if("tool" IN_LIST FEATURES)
  vcpkg_copy_tools(TOOL_NAMES shelf AUTO_CLEAN)
endif()

# What the debug build installs a second time.
file(REMOVE_RECURSE "${CURRENT_PACKAGES_DIR}/debug/include" "${CURRENT_PACKAGES_DIR}/debug/share")
file(INSTALL "${CURRENT_PORT_DIR}/usage" DESTINATION "${CURRENT_PACKAGES_DIR}/share/${PORT}")
vcpkg_install_copyright(FILE_LIST "${SOURCE_PATH}/LICENSE")
