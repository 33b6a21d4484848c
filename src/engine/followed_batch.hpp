// ENGINE  api -> [engine] -> stores -> journal -> file
// Changes that somebody else has decided, checked as an open would check them.
#pragma once

#include "engine/instance.hpp"

#include <algorithm>
#include <vector>

namespace shelf::engine {

/// A batch of another process, or of a server, on its way into memory. Under the life of the
/// database.
class followed_batch final : public journal::visitor {
 public:
  explicit followed_batch(const instance& of) : of_(of) {}

  struct followed_change {
    live_table* in;
    journal::change what;  ///< without its bytes, which are here
    std::vector<std::byte> key;
    std::vector<std::byte> value;
    derived_keys derived = {};  ///< of the value, in indexes of functions
  };

  result<> visit(const journal::change& c, std::uint64_t number) override;
  result<> committed(std::uint64_t) override { return {}; }
  /// It changes what tables there are, or is none that a writer of ours would write: the file as a
  /// whole tells more.
  [[nodiscard]] bool is_beyond_us() const noexcept { return is_beyond_us_; }
  /// In the turn. Stages all of it, to be published; false if that changes nothing. On an exception
  /// nothing is staged.
  [[nodiscard]] bool stage(commit_queue& in);

 private:
  [[nodiscard]] static result<> derive(followed_change& c);
  [[nodiscard]] bool is_of_indexes(const journal::change& c) const;
  [[nodiscard]] result<> check(const live_table& in, const journal::change& c) const;
  [[nodiscard]] bool has_changed(const live_table& t) const noexcept {
    return std::ranges::any_of(changes_, [&](const auto& c) { return c.in == &t; });
  }

  const instance& of_;
  std::vector<followed_change> changes_;
  bool is_beyond_us_ = false;
};

}  // namespace shelf::engine
