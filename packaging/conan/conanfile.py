# The recipe for Conan 2. `conan create packaging/conan` builds the tree that it lies in.
import os
import re

from conan import ConanFile
from conan.errors import ConanInvalidConfiguration
from conan.tools.build import check_min_cppstd
from conan.tools.cmake import CMake, CMakeDeps, CMakeToolchain, cmake_layout
from conan.tools.files import copy, load, rmdir
from conan.tools.scm import Version

required_conan_version = ">=2.0"


class ShelfConan(ConanFile):
    name = "shelf"
    description = "Durable in-memory tables for C++"
    license = "MIT"
    topics = ("database", "persistence", "in-memory")
    package_type = "library"
    settings = "os", "arch", "compiler", "build_type"
    options = {"shared": [True, False], "fPIC": [True, False], "tool": [True, False]}
    default_options = {"shared": False, "fPIC": True, "tool": False}
    implements = ["auto_shared_fpic"]

    @property
    def _tree(self):
        return os.path.normpath(os.path.join(self.recipe_folder, "..", ".."))

    def set_version(self):
        header = load(self, os.path.join(self._tree, "include", "shelf", "version.hpp"))
        self.version = re.search(r'version = "(\d+\.\d+\.\d+)"', header)[1]

    def export_sources(self):
        for pattern in ("CMakeLists.txt", "LICENSE", "CHANGELOG.md", "cmake/*", "docs/*",
                        "include/*", "src/*"):
            copy(self, pattern, self._tree, self.export_sources_folder)

    def requirements(self):
        # Inside only: no header of shelf includes these, and xxHash is nothing but a header here.
        self.requires("xxhash/[>=0.8.1 <0.9]", headers=True, libs=False, visible=False)
        self.requires("zlib/[>=1.2.11 <2]")
        if self.options.tool:
            self.requires("cli11/[>=2.1 <3]", visible=False)
            self.requires("fmt/[>=9 <10]", visible=False)
            self.requires("nlohmann_json/[>=3.11 <4]", visible=False)
            self.requires("sqlite3/[>=3.40 <4]", visible=False)

    def layout(self):
        cmake_layout(self)

    def validate(self):
        if str(self.settings.os) != "Linux" or str(self.settings.arch) not in ("x86_64", "armv8"):
            raise ConanInvalidConfiguration("shelf runs on Linux, x86-64 and arm64")
        check_min_cppstd(self, 23)
        oldest = {"gcc": "12", "clang": "19"}.get(str(self.settings.compiler))
        if oldest and Version(self.settings.compiler.version) < oldest:
            raise ConanInvalidConfiguration(f"shelf needs {self.settings.compiler} {oldest}")

    def generate(self):
        CMakeDeps(self).generate()
        chain = CMakeToolchain(self)
        xxhash = self.dependencies["xxhash"].cpp_info.aggregated_components()
        chain.cache_variables["SHELF_XXHASH_DIR"] = xxhash.includedirs[0]
        chain.cache_variables["SHELF_BUILD_CLI"] = bool(self.options.tool)
        for part in ("TESTS", "EXAMPLES", "BENCHMARKS", "CLUSTER"):
            chain.cache_variables[f"SHELF_BUILD_{part}"] = False
        chain.cache_variables["SHELF_INSTALL"] = True
        chain.generate()

    def build(self):
        cmake = CMake(self)
        cmake.configure()
        cmake.build()

    def package(self):
        copy(self, "LICENSE", self.source_folder, os.path.join(self.package_folder, "licenses"))
        CMake(self).install()
        # Conan makes its own.
        rmdir(self, os.path.join(self.package_folder, "lib", "cmake"))
        rmdir(self, os.path.join(self.package_folder, "lib", "pkgconfig"))

    def package_info(self):
        self.cpp_info.libs = ["shelf"]
        self.cpp_info.system_libs = ["pthread"]
        self.cpp_info.set_property("cmake_file_name", "shelf")
        self.cpp_info.set_property("cmake_target_name", "shelf::shelf")
        self.cpp_info.set_property("pkg_config_name", "shelf")
