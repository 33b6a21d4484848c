// FILE  api -> engine -> stores -> journal -> [file]
// The system over Linux. Everybody takes it from real_system(); tests also make their own, with the
// older walk.
#pragma once

#include "file/system.hpp"

#include <chrono>

namespace shelf::file {

/// The operating system's calls as they are.
/// A write that RLIMIT_FSIZE forbids gives EFBIG; the SIGXFSZ that would kill the process is taken
/// back. Thread safety: all calls from any thread.
class linux_system final : public system {
 public:
  /// Who keeps a path beneath its base: openat2, where the kernel has it, or always our own walk.
  enum class beneath_by { kernel, hand };
  constexpr explicit linux_system(beneath_by how = beneath_by::kernel) noexcept
      : beneath_by_(how) {}

  os_result<descriptor> open_directory(descriptor at, std::string_view path, bool beneath) override;
  os_result<descriptor> open_file(descriptor directory, std::string_view name,
                                  open_flags flags) override;
  os_result<std::string> read_link(descriptor directory, std::string_view name) override;
  os_result<> close(descriptor file) override;
  os_result<std::size_t> read(descriptor file, std::uint64_t offset,
                              std::span<std::byte> into) override;
  os_result<std::size_t> write(descriptor file, std::uint64_t offset,
                               std::span<const std::byte> from) override;
  os_result<> truncate(descriptor file, std::uint64_t size) override;
  os_result<> sync_data(descriptor file) override;
  os_result<> sync(descriptor file) override;
  os_result<> drop_cache(descriptor file) override;
  void start_writing(descriptor file, std::uint64_t offset, std::uint64_t size) noexcept override;
  os_result<std::byte*> map(descriptor file, std::size_t length, bool to_write) override;
  void populate(std::byte* at, std::size_t length) noexcept override;
  void unmap(std::byte* at, std::size_t length) noexcept override;
  os_result<file_status> status(descriptor file) override;
  os_result<file_status> status_at(descriptor directory, std::string_view name) override;
  os_result<> set_mode(descriptor file, std::uint32_t mode) override;
  os_result<> set_owner(descriptor file, std::uint32_t owner, std::uint32_t group) override;
  os_result<> rename(descriptor directory, std::string_view from, std::string_view to,
                     bool no_replace) override;
  os_result<> unlink(descriptor directory, std::string_view name) override;
  os_result<std::vector<std::string>> list(descriptor directory) override;
  os_result<> lock(descriptor file) override;
  std::int64_t lock_holder(descriptor file) override;
  os_result<std::uint64_t> file_system_type(descriptor file) override;
  std::chrono::nanoseconds now() override;
  std::chrono::nanoseconds wall_clock() override;
  std::chrono::nanoseconds coarse_wall_clock() override;
  std::chrono::nanoseconds boot_clock() override;
  std::uint64_t random() override;
  std::uint32_t user_id() override;
  std::int64_t process_id() override;
  bool has_background_threads() const override { return true; }

 private:
  beneath_by beneath_by_;
};

}  // namespace shelf::file
