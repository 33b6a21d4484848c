// DEMO  a temporary directory
// mkdtemp, and remove_all at the end.
#include "scratch_directory.hpp"

#include <cerrno>
#include <cstdlib>
#include <system_error>

namespace demo {

scratch_directory::scratch_directory() {
  auto name = (std::filesystem::temp_directory_path() / "shelf-demo-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) {
    throw std::system_error(errno, std::generic_category(), "no directory for the demo: " + name);
  }
  path_ = name;
}

scratch_directory::~scratch_directory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::filesystem::path scratch_directory::room(const char* name) const {
  const auto made = path_ / name;
  std::filesystem::create_directory(made);
  return made;
}

}  // namespace demo
