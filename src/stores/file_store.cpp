// STORES  api -> engine -> [stores] -> journal -> file
// Which format a file is of.
#include "stores/file_store.hpp"

#include "stores/dets_store.hpp"
#include "stores/journal_store.hpp"

#include <utility>

namespace shelf::stores {

result<std::shared_ptr<file_store>> open_file_store(const file_options& o) {
  switch (o.config.format) {
    case file_format::native: return journal_store::open(o);
    case file_format::dets: return dets_store::open(o);
  }
  std::unreachable();
}

result<std::shared_ptr<file_store>> create_file_store(const file_options& o,
                                                      std::span<const table_description> tables) {
  switch (o.config.format) {
    case file_format::native: return journal_store::create(o, tables);
    case file_format::dets: return dets_store::create(o);
  }
  std::unreachable();
}

result<found_at_open> read_file_store(const file_options& o, journal::visitor& out) {
  switch (o.config.format) {
    case file_format::native: return journal_store::read(o, out);
    case file_format::dets: return dets_store::read(o, out);
  }
  std::unreachable();
}

}  // namespace shelf::stores
