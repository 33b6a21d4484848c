// TEST  file room
// What the tests of real files need: a directory of their own, children, and a count of
// descriptors.
#pragma once

#include "file/location.hpp"
#include "file/real_system.hpp"
#include "shelf/detail/bytes.hpp"

#include <gtest/gtest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

namespace shelf::file {

/// A fresh directory that goes away with its content.
class scratch {
 public:
  scratch() {
    std::string pattern = (std::filesystem::temp_directory_path() / "shelf-test-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) std::abort();
    root_ = std::filesystem::canonical(pattern);
  }
  ~scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(root_, ignored);
  }
  scratch(const scratch&) = delete;
  scratch& operator=(const scratch&) = delete;

  [[nodiscard]] std::string path(std::string_view name = {}) const {
    return name.empty() ? root_.string() : (root_ / name).string();
  }
  void write(std::string_view name, std::string_view content) const {
    std::ofstream(path(name), std::ios::binary) << content;
  }
  [[nodiscard]] std::string read(std::string_view name) const {
    std::ifstream in(path(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  void make_directory(std::string_view name) const {
    std::filesystem::create_directories(path(name));
  }
  void link(std::string_view name, std::string_view target) const {
    std::filesystem::create_symlink(target, path(name));
  }
  [[nodiscard]] bool has(std::string_view name) const {
    return std::filesystem::exists(std::filesystem::symlink_status(path(name)));
  }
  [[nodiscard]] std::size_t entries() const {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(root_), {}));
  }

 private:
  std::filesystem::path root_;
};

/// The number of descriptors this process has open.
inline std::size_t open_descriptors() {
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    static_cast<void>(entry);
    ++count;
  }
  return count - 1;  // the iterator's own
}

/// Runs f in a forked child and returns what it returned, or 1000 + the signal that killed it.
template <class F>
int in_child(F f) {
  const pid_t child = ::fork();
  if (child == 0) [&]() noexcept { ::_exit(f()); }();
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

/// Waits until the condition holds; false if it does not within ten seconds.
template <class Condition>
bool comes_true(Condition condition) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));  // sleeps: polls until a deadline
  }
  return true;
}

/// The value of a result that must be there.
template <class T>
T sure(result<T> r) {
  if (!r) {
    ADD_FAILURE() << r.error().message();
    std::abort();
  }
  if constexpr (!std::is_void_v<T>) return std::move(*r);
}

inline location place(const std::string& path, std::optional<std::string> base = std::nullopt) {
  return sure(location::find(real_system(), path, base));
}

inline std::string text_of(const open_file& file) {
  std::string text(sure(file.status()).size, '\0');
  text.resize(sure(file.read(0, std::as_writable_bytes(std::span(text)))));
  return text;
}

/// Makes a new file of a location, published and open.
inline open_file make(const location& at, std::string_view content = {}) {
  auto made = sure(at.create_temporary());
  sure(made.file.write(0, as_bytes(content)));
  sure(at.publish(made, false));
  return std::move(made.file);
}

}  // namespace shelf::file
