// KINDS  api -> engine -> [kinds] -> memory -> file
// Which class stands behind which kind.
#include "kinds/contents.hpp"

#include "kinds/bag_contents.hpp"
#include "kinds/set_contents.hpp"
#include "kinds/tree_contents.hpp"
#include "memory/blocks.hpp"

#include <cassert>

namespace shelf::kinds {

/// Its blocks are spread over the slabs of the process. Freed, they leave many slabs empty, and
/// what the thread holds back of them would keep others from being so.
contents::~contents() {
  if (released_ >= memory::blocks::worth_giving_back) memory::blocks::give_back();
}

std::shared_ptr<contents> contents::make(const options& o) {
  if (is_bag(o.what)) return std::make_shared<bag_contents>(o);
  if (o.what == kind::ordered_set) return std::make_shared<tree_contents>(o);
  assert(o.what == kind::set);
  return std::make_shared<set_contents>(o);
}

}  // namespace shelf::kinds
