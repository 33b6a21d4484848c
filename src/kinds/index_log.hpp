// KINDS  api -> engine -> [kinds] -> memory -> file
// What enters and leaves contents while indexes of theirs are built outside of the turn.
#pragma once

#include "kinds/index_set.hpp"

#include <cassert>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace shelf::kinds {

/// Why a function of the program made no key.
struct derivation_failure {
  std::optional<error> why;
  std::exception_ptr thrown;
};

/// The keys of a value in indexes that are being built, or why it has none. A write does not fail
/// for them: the build does.
struct coming_keys {
  function_keys keys;
  std::shared_ptr<const derivation_failure> failure = {};
};

/// As derive_function_keys; what a function throws is kept.
[[nodiscard]] coming_keys derive_coming_keys(const std::vector<detail::index_definition>& of,
                                             bytes value);

/// Entries as they come and go, in the order in which they were staged. It follows the staging of
/// the contents, and is published and discarded with it.
/// Thread safety: the writer's, in its turn.
class index_log {
 public:
  struct step {
    const entry* what = nullptr;
    bool is_added = false;
    const entry* same = nullptr;  ///< it has the value of this one, which it replaces
    coming_keys keys = {};        ///< else
  };

  /// The entry was staged; as index_set::add.
  void add(const entry& e, const coming_keys* keys, const entry* same) {
    steps_.push_back(
        {&e, true, keys == nullptr ? same : nullptr, keys == nullptr ? coming_keys() : *keys});
  }
  /// The staged change has replaced or erased the entry.
  void remove(const entry& e) { steps_.push_back({.what = &e}); }

  void settle() noexcept { published_ = steps_.size(); }
  void discard() noexcept {
    steps_.erase(steps_.begin() + static_cast<std::ptrdiff_t>(published_), steps_.end());
  }
  /// What was published since the last call. Between groups.
  [[nodiscard]] std::vector<step> take() noexcept {
    assert(published_ == steps_.size() && "nothing is staged");
    published_ = 0;
    return std::exchange(steps_, {});
  }

 private:
  std::vector<step> steps_;
  std::size_t published_ = 0;
};

/// What became of entries from one version to a later one: those that the later one has and the
/// earlier one had not, and the other way around. Those that came and went in between may be freed,
/// and are not among these.
struct index_changes {
  std::vector<index_log::step> added;
  std::vector<const entry*> removed;
};
[[nodiscard]] index_changes net_changes(std::vector<index_log::step> steps);

/// Indexes that no version shows yet show `number` from here on, which is published; what has gone
/// since the last call is still there to be looked at. Errors: as make_indexes; throws what a
/// function has thrown. Then they must go.
[[nodiscard]] result<> follow_changes(index_set& of, index_changes changes, sequence number,
                                      deadline now, bool is_distinct, const std::string& label);

}  // namespace shelf::kinds
