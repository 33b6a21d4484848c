// BENCH  rivals
// tkrzw's TinyDBM, with as many buckets as the workload has entries.
#include "rivals/tkrzw_store.hpp"

#include <tkrzw_dbm_tiny.h>
#include <stdexcept>

namespace bench {
namespace {

void must(const tkrzw::Status& s) {
  if (!s.IsOK()) throw std::runtime_error("tkrzw: " + tkrzw::ToString(s));
}

}  // namespace

struct tkrzw_store::handles {
  tkrzw::TinyDBM db;
  bool has_file = false;
};

tkrzw_store::tkrzw_store(const std::string& path) : handles_(std::make_unique<handles>()) {
  if (path.empty()) return;
  must(handles_->db.Open(path, true));
  handles_->has_file = true;
}

tkrzw_store::~tkrzw_store() {
  if (handles_->has_file) handles_->db.Close();
}

void tkrzw_store::put(std::string_view key, std::string_view value) {
  must(handles_->db.Set(key, value));
}

std::string tkrzw_store::get(std::string_view key) {
  std::string found;
  must(handles_->db.Get(key, &found));
  return found;
}

void tkrzw_store::save() { must(handles_->db.Synchronize(true)); }

}  // namespace bench
