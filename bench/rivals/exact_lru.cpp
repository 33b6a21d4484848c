// BENCH  rivals
// A list in the order of use, and a hash table of the places in it.
#include "rivals/exact_lru.hpp"

namespace bench {

bool exact_lru::ask(std::uint64_t key) {
  if (const auto found = places_.find(key); found != places_.end()) {
    by_use_.splice(by_use_.begin(), by_use_, found->second);
    return true;
  }
  if (places_.size() == capacity_) {
    places_.erase(by_use_.back());
    by_use_.pop_back();
  }
  by_use_.push_front(key);
  places_.emplace(key, by_use_.begin());
  return false;
}

}  // namespace bench
