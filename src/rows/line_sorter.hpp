// ROWS  cli -> [rows] -> upkeep -> engine -> stores -> journal -> file
// Lines put in order, however many they are.
#pragma once

#include "shelf/detail/function_ref.hpp"
#include "shelf/error.hpp"

#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace shelf::rows {

/// Sorts lines by their bytes. What does not fit in memory waits in unnamed temporary files, in
/// sorted runs. Thread safety: one thread.
class line_sorter {
 public:
  /// About how much memory the lines may take.
  explicit line_sorter(std::size_t memory = std::size_t{64} << 20) : memory_(memory) {}
  /// Without its newline, which it must not contain. file_error, no_space.
  [[nodiscard]] result<> add(std::string_view line);
  /// Calls `f` with each line in order, without its newline, until it fails. To be called once,
  /// last. file_error, or what `f` returned.
  [[nodiscard]] result<> for_each(detail::function_ref<result<>(std::string_view)> f);

 private:
  struct closer {
    void operator()(std::FILE* f) const noexcept { std::fclose(f); }
  };
  using run = std::unique_ptr<std::FILE, closer>;
  struct front;

  [[nodiscard]] result<> spill();
  [[nodiscard]] result<> merge(detail::function_ref<result<>(std::string_view)> f);

  std::size_t memory_;
  std::size_t used_ = 0;
  std::vector<std::string> lines_;
  std::vector<run> runs_;
};

}  // namespace shelf::rows
