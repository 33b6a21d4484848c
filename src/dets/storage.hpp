// DETS  api -> engine -> stores -> [dets] -> file
// Where the bytes of a DETS file are: in an open file, or in memory for those who only read.
#pragma once

#include "file/open_file.hpp"
#include "shelf/detail/bytes.hpp"
#include "shelf/error.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace shelf::dets_format {

/// Owns a file or its image. Thread safety: reads may run together.
class storage {
 public:
  storage() = default;
  explicit storage(file::open_file opened) : path_(opened.path()), file_(std::move(opened)) {}
  storage(std::vector<std::byte> image, std::string path)
      : path_(std::move(path)), image_(std::move(image)) {}

  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  [[nodiscard]] bool in_memory() const noexcept { return !file_.is_open(); }
  [[nodiscard]] file::open_file& file() noexcept { return file_; }
  [[nodiscard]] const file::open_file& file() const noexcept { return file_; }
  [[nodiscard]] result<std::uint64_t> size() const;
  /// Reads up to the end of the file; how many bytes.
  [[nodiscard]] result<std::size_t> read_some(std::uint64_t offset,
                                              std::span<std::byte> into) const;
  /// Fills `into`; corrupt if the file ends before, with `what` was read in the sentence.
  [[nodiscard]] result<> read(std::uint64_t offset, std::span<std::byte> into,
                              std::string_view what) const;

  /// In memory the image grows as a file does, holes being zeros. A mapped file grows ahead, and a
  /// kill may cut a write to it anywhere but in 4 or 8 aligned bytes.
  [[nodiscard]] result<> write(std::uint64_t offset, bytes from);
  /// What was written is on the disk; in memory there is none.
  [[nodiscard]] result<> sync_data() const;
  /// A kill cuts this write between two pages at most.
  [[nodiscard]] result<> write_page(std::uint64_t offset, bytes from);
  /// Small reads and writes go through memory from now on, if the system can do that.
  void map(bool to_write);
  /// By calls from now on, the file ending at `size`. The pages are let go of together; a sync
  /// would take each from this process by itself.
  [[nodiscard]] result<> unmap(std::uint64_t size);
  [[nodiscard]] bool is_mapped() const noexcept { return file_.mapped_end() != 0; }
  /// Takes back what a mapped file grew ahead.
  [[nodiscard]] result<> end_at(std::uint64_t size);

 private:
  std::string path_;
  file::open_file file_;
  std::vector<std::byte> image_;
};

/// "PATH: byte OFFSET: CAUSE".
[[nodiscard]] error corrupt_at(const std::string& path, std::uint64_t offset,
                               std::string_view cause);

/// The error of a term in the file, told with its place.
[[nodiscard]] error within(const std::string& path, std::uint64_t offset, const error& cause);

}  // namespace shelf::dets_format
