// BENCH  rivals
// tkrzw's CacheDBM. It has 16 lists, each of a sixteenth of the records.
#include "rivals/tkrzw_cache.hpp"

#include <tkrzw_dbm_cache.h>
#include <stdexcept>

namespace bench {

struct tkrzw_cache::handle {
  tkrzw::CacheDBM db;
};

tkrzw_cache::tkrzw_cache(std::size_t capacity)
    : handle_(new handle{tkrzw::CacheDBM(static_cast<std::int64_t>(capacity))}) {}

tkrzw_cache::~tkrzw_cache() = default;

void tkrzw_cache::put(std::string_view key, std::string_view value) {
  if (!handle_->db.Set(key, value).IsOK()) throw std::runtime_error("tkrzw: cannot set");
}

bool tkrzw_cache::get(std::string_view key, std::string& into) {
  return handle_->db.Get(key, &into).IsOK();
}

}  // namespace bench
