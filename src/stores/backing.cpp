// STORES  api -> engine -> [stores] -> journal -> file
// Which format a file is of.
#include "stores/backing.hpp"

#include "stores/dets_backing.hpp"
#include "stores/journal_backing.hpp"

#include <utility>

namespace shelf::stores {

result<std::shared_ptr<backing>> open_backing(const backing_options& o) {
  switch (o.config.format) {
    case file_format::native: return journal_backing::open(o);
    case file_format::dets: return dets_backing::open(o);
  }
  std::unreachable();
}

result<std::shared_ptr<backing>> create_backing(const backing_options& o) {
  switch (o.config.format) {
    case file_format::native: return journal_backing::create(o);
    case file_format::dets: return dets_backing::create(o);
  }
  std::unreachable();
}

result<found_at_open> read_backing(const backing_options& o, journal::visitor& out) {
  switch (o.config.format) {
    case file_format::native: return journal_backing::read(o, out);
    case file_format::dets: return dets_backing::read(o, out);
  }
  std::unreachable();
}

}  // namespace shelf::stores
