// CLI  [cli] -> rows -> upkeep -> engine -> stores -> journal -> file
// Noted by a handler, let through by raising it again.
#include "cli/terminal/interruption.hpp"

namespace shelf::cli {

interruption::interruption() {
  noted_ = 0;
  struct sigaction noting{};
  noting.sa_handler = note;
  for (std::size_t i = 0; i < signals.size(); ++i) {
    sigaction(signals[i], nullptr, &before_[i]);
    // What was ignored (nohup) stays ignored.
    if (before_[i].sa_handler != SIG_IGN) sigaction(signals[i], &noting, nullptr);
  }
}

interruption::~interruption() {
  for (std::size_t i = 0; i < signals.size(); ++i) sigaction(signals[i], &before_[i], nullptr);
  if (noted_ != 0) std::raise(noted_);
}

}  // namespace shelf::cli
