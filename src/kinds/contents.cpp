// KINDS  api -> engine -> [kinds] -> memory -> file
// Which class stands behind which kind.
#include "kinds/contents.hpp"

#include "kinds/bag_contents.hpp"
#include "kinds/index_set.hpp"
#include "kinds/set_contents.hpp"
#include "kinds/tree_contents.hpp"
#include "kinds/versions.hpp"
#include "memory/blocks.hpp"

#include <cassert>

namespace shelf::kinds {

contents::contents(const options& o)
    : retirement(1),
      board_(o.board != nullptr ? o.board : std::make_shared<version_board>(o.first)),
      evicts_(o.evicts) {}

sequence contents::published() const noexcept { return board_->published(); }

contents::pinned contents::pin() {
  const auto place = board_->pin();
  return {.at = place.at, .size = size_at(place.at), .slot = place.slot};
}

void contents::unpin(const pinned& p) noexcept { board_->unpin(p.slot); }

std::size_t contents::pin_count() const noexcept { return board_->pin_count(); }

std::size_t contents::publish(sequence number) noexcept {
  assert(number > changed_at() && "versions only grow");
  stamp(number);
  board_->publish(number);
  return settle(number);
}

/// Its blocks are spread over the slabs of the process. Freed, they leave many slabs empty, and
/// what the thread holds back of them would keep others from being so.
contents::~contents() {
  if (released_ >= memory::blocks::worth_giving_back) memory::blocks::give_back();
}

std::shared_ptr<contents> contents::make(const options& o) {
  auto made = make_kind(o);
  if (o.indexes) {
    made->indexes.set(std::make_shared<index_set>(o.indexes, made->board_, o.first));
  }
  return made;
}

std::shared_ptr<contents> contents::make_kind(const options& o) {
  if (is_bag(o.what)) return std::make_shared<bag_contents>(o);
  if (o.what == kind::ordered_set) return std::make_shared<tree_contents>(o);
  assert(o.what == kind::set);
  return std::make_shared<set_contents>(o);
}

}  // namespace shelf::kinds
