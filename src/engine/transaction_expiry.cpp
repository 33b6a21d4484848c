// ENGINE  api -> [engine] -> stores -> journal -> file
// Entries that expire, in a transaction: one moment for the whole run.
#include "engine/instance.hpp"
#include "engine/transaction_run.hpp"
#include "memory/epoch.hpp"

#include <cassert>

namespace shelf::engine {

deadline transaction_run::now() {
  if (!now_) now_ = of_.clock().now();
  return *now_;
}

/// A read of an entry that expires before the commit would not be repeated there.
bool table_run::shows(const entry& e, bool peek) {
  if (!e.expires()) return true;
  if (e.is_expired(of_.now())) return false;
  if (!peek) of_.note_shown(e.until());
  return true;
}

/// Whether the key is in the size of the version, which counts what has expired.
bool table_run::is_counted(bytes key) {
  const memory::epoch_guard guard;
  const bool is = shown_->find(key, of_.at()) != nullptr;
  reads_.add_counted(key, is);
  return is;
}

/// Maps: what a key has now.
std::optional<kept_value> table_run::present(bytes key, bool peek) {
  if (const auto* const own = own_.find(key)) return own_value(key, *own, peek);
  if (own_.is_cleared()) return std::nullopt;
  const auto* const found = base_of(key, peek);
  if (found == nullptr) return std::nullopt;
  return kept_value{found->value(), found->until()};
}

result<> table_run::insert_expiring(bytes key, bytes value, const expiry& until, bool only_new) {
  if (auto valid = table_.check(until); !valid) return valid;
  const bool keeps = until.what() == expiry::form::keep;
  std::optional<kept_value> there;
  if (keeps || only_new) there = present(key, false);
  if (there && only_new) return std::unexpected(error(errc::key_already_present));
  const auto kept = there ? there->until : table_.deadline_of(until);
  return write(own_write::verb::put, key, value, {}, kept);
}

/// The whole entry is written: what it was is a read, so it is the same at the commit.
result<> table_run::touch(bytes key, const expiry& until) {
  if (auto valid = table_.check(until); !valid) return valid;
  const auto there = present(key, false);
  if (!there) return std::unexpected(error(errc::not_found));
  const bool keeps = until.what() == expiry::form::keep;
  const auto to = keeps ? there->until : table_.deadline_of(until);
  if (to == there->until) return {};
  return write(own_write::verb::put, key, there->value, {}, to);
}

result<std::uint64_t> table_run::expires_at(const sought_key& key) {
  const auto there = present(term_of(key), false);
  if (!there) return std::unexpected(error(errc::not_found));
  return there->until;
}

}  // namespace shelf::engine
