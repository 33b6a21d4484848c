// DETS  api -> engine -> stores -> [dets] -> file
// Steps between which nothing may come, not even a lack of memory.
#pragma once

#include "dets/object_store.hpp"

#include <exception>
#include <vector>

namespace shelf::dets_format {

/// For one more, so that noting what is done cannot fail.
template <class T>
void make_room(std::vector<T>& list) {
  if (list.size() == list.capacity()) list.reserve(2 * list.size() + 8);
}

/// While there is one, slots and free blocks do not agree. An exception that leaves it behind
/// fences the store: the buckets in the file are whole, and the next open repairs the rest.
class object_store::indivisible {
 public:
  explicit indivisible(object_store& of) noexcept
      : store_(of), before_(std::uncaught_exceptions()) {}
  indivisible(const indivisible&) = delete;
  indivisible& operator=(const indivisible&) = delete;
  ~indivisible() {
    if (std::uncaught_exceptions() > before_ && !store_.fenced_) store_.fenced_ = errc::fenced;
  }

 private:
  object_store& store_;
  int before_;
};

}  // namespace shelf::dets_format
