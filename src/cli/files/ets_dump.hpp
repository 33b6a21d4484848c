// CLI  [cli] -> rows -> upkeep -> engine -> stores -> journal -> file
// A file that ets:tab2file wrote, read object by object.
#pragma once

#include "cli/files/object_source.hpp"
#include "cli/terminal/progress_bar.hpp"

#include <array>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace shelf::cli {

/// Whether the file begins as a log of disk_log does, which is what ets:tab2file writes. False also
/// if it cannot be read.
[[nodiscard]] bool is_disk_log(const std::string& path);

/// A dump, open to read. Memory holds one object. Thread safety: one thread.
class ets_dump final : public object_source {
 public:
  /// Reads the header. Errors: not_a_table (another log), unsupported_version, corrupt, file_error.
  [[nodiscard]] static result<ets_dump> read(const std::string& path, progress_bar bar);

  kind what() const override { return type_; }
  std::uint64_t size() const override { return objects_; }
  std::uint32_t keypos() const override { return keypos_; }
  std::vector<fact> facts() const override;
  /// Sums and counts are compared here; corrupt if they differ.
  result<> look_through() override;
  result<std::size_t> get(const term& key, detail::function_ref<void(bytes)> f) const override;

 protected:
  result<> for_each_object(detail::function_ref<bool(bytes)> f,
                           const progress& tell) const override;

 private:
  struct closer {
    void operator()(std::FILE* f) const noexcept { std::fclose(f); }
  };
  /// What stands behind the last object if the dump has extended_info.
  struct ending {
    std::optional<std::uint64_t> objects;
    std::optional<std::array<std::byte, 16>> md5;
  };

  ets_dump(std::FILE* f, std::string path, std::uint64_t bytes, progress_bar bar)
      : file_(f), path_(std::move(path)), bytes_(bytes), bar_(std::move(bar)) {}
  [[nodiscard]] result<> read_header();
  [[nodiscard]] result<> take_header(const term& header);
  [[nodiscard]] result<bool> next_item() const;
  [[nodiscard]] result<> read_bytes(std::byte* into, std::size_t count) const;
  [[nodiscard]] result<ending> ending_of(const term& list) const;
  [[nodiscard]] result<> check_ending(const ending& end, std::uint64_t seen,
                                      const std::array<std::byte, 16>& sum) const;
  [[nodiscard]] std::unexpected<error> damaged(const std::string& why) const;

  std::unique_ptr<std::FILE, closer> file_;
  std::string path_;
  std::uint64_t bytes_;  ///< of the file
  mutable progress_bar bar_;
  mutable std::uint64_t at_ = 0;         ///< how far it is read
  mutable std::uint64_t item_at_ = 0;    ///< where the item begins that is in item_
  mutable std::vector<std::byte> item_;  ///< its data
  kind type_ = kind::set;
  std::uint32_t keypos_ = 1;
  std::uint64_t objects_ = 0;
  std::string name_;
  bool has_count_ = false;
  bool has_sum_ = false;
};

}  // namespace shelf::cli
