// TEST  crash
// The life of a table, state by state, and the verdict on every disk that a crash of it may leave.
#pragma once

#include "shelf/config.hpp"
#include "shelf/error.hpp"
#include "simulation/crash_states.hpp"
#include "simulation/simulated_disk.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace shelf::crash {

/// The states that a table went through, each acknowledged before the next began. It begins as one
/// that is not there.
template <class State>
class life {
 public:
  explicit life(const simulation::simulated_disk& disk) : disk_(disk) {}

  void note(State s) {
    all_.push_back({static_cast<std::size_t>(disk_.operations()), std::move(s)});
  }
  /// What changes the file and no state, as closing does.
  void note_same() { note(all_.back().state); }

  struct crashes {
    write_mode mode = write_mode::through;
    simulation::crash_options::kind kind = simulation::crash_options::kind::power;
    std::size_t budget = 0;
  };
  /// Opens what each crash leaves, by open(disk), which returns a result with a table.
  /// Returns what went wrong, a sentence each, and adds how many states were tried.
  template <class Open, class StateOf>
  [[nodiscard]] std::vector<std::string> crash_everywhere(const crashes& how, Open open,
                                                          StateOf state_of,
                                                          std::uint64_t& states) const {
    std::vector<std::string> wrong;
    const auto past = disk_.recorded();
    const auto tally = simulation::for_each_crash_state(
        past, {.crash = how.kind, .budget = how.budget},
        [&](simulation::simulated_disk& left, const simulation::crash_state& which) {
          const auto again = open(left);
          const auto sure = acknowledged_at(which.at());
          if (!again && again.error() == errc::not_found && sure == 0) return;
          if (!again) {
            wrong.push_back(again.error().details() + ", " + which.describe());
          } else if (!may_show(state_of(*again), sure, how)) {
            wrong.push_back("a state that the table never had, " + which.describe());
          }
        });
    states += tally.states;
    return wrong;
  }

 private:
  struct moment {
    std::size_t at = 0;  ///< operations of the disk until it was acknowledged
    State state = {};
  };

  [[nodiscard]] std::size_t acknowledged_at(std::size_t operations) const {
    std::size_t sure = 0;
    while (sure + 1 < all_.size() && all_[sure + 1].at <= operations) ++sure;
    return sure;
  }
  /// A state no later than the one under way and, where acknowledged writes survive such a crash,
  /// no earlier than the last of these.
  [[nodiscard]] bool may_show(const State& found, std::size_t sure, const crashes& how) const {
    const bool keeps_all =
        how.mode != write_mode::through || how.kind == simulation::crash_options::kind::kill;
    for (std::size_t i = keeps_all ? sure : 0; i < all_.size() && i <= sure + 1; ++i) {
      if (found == all_[i].state) return true;
    }
    return false;
  }

  const simulation::simulated_disk& disk_;
  std::vector<moment> all_{{}};
};

}  // namespace shelf::crash
