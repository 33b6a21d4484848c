// STORES  api -> engine -> [stores] -> journal -> file
// The changes that a DETS file takes while somebody copies it: the file itself does not keep them.
#pragma once

#include "stores/dets_store.hpp"

#include <atomic>
#include <vector>

namespace shelf::stores {

/// Changes kept in memory until they are handed out. Once it is the backing's recording_, what
/// touches the changes holds recording_mutex_.
/// Thread safety: next and waiting by one thread, beside a writer.
class dets_store::recording final : public reading {
 public:
  explicit recording(dets_store& of) : of_(of) {}
  recording(const recording&) = delete;
  recording& operator=(const recording&) = delete;
  ~recording() override;

  std::uint64_t waiting() const noexcept override { return size_.load(); }
  result<> next(journal::visitor& out) override;

  /// Keeps a copy of the changes. Throws std::bad_alloc, having kept nothing.
  void hear(sequence number, std::span<const journal::change> changes);
  void forget_last(std::size_t changes) noexcept;

  /// A record of changes made before the file takes them, so that no lack of memory can come
  /// after; forgotten unless told to keep it. Null: nobody listens.
  class promise {
   public:
    promise(recording* to, sequence number, std::span<const journal::change> changes)
        : to_(to), count_(changes.size()) {
      if (to_ != nullptr) to_->hear(number, changes);
    }
    promise(const promise&) = delete;
    promise& operator=(const promise&) = delete;
    ~promise() {
      if (to_ != nullptr && !kept_) to_->forget_last(count_);
    }
    void keep() const noexcept { kept_ = true; }

   private:
    recording* to_;
    std::size_t count_;
    mutable bool kept_ = false;
  };

 private:
  struct kept_change {
    journal::op what;
    sequence number;
    std::vector<std::byte> key;
    std::vector<std::byte> value;
  };

  void forget_behind(std::size_t count) noexcept;

  dets_store& of_;
  std::vector<kept_change> changes_;
  std::atomic<std::uint64_t> size_{0};
};

}  // namespace shelf::stores
