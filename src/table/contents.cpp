// TABLE  api -> [table] -> journal -> file
// Which class stands behind which kind.
#include "table/contents.hpp"

#include "table/set_contents.hpp"

#include <cassert>

namespace shelf::tables {

std::shared_ptr<contents> contents::make(const options& o) {
  assert(o.what == kind::set);
  return std::make_shared<set_contents>(o);
}

}  // namespace shelf::tables
