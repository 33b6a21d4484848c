// ENGINE  api -> [engine] -> stores -> journal -> file
// Read-modify-write in a transaction: a recorded read, and a write of its own on top.
#include "shelf/detail/database_core.hpp"

#include <cassert>
#include <vector>

namespace shelf::detail {

result<written> edit(transaction_table_core& in, bytes key, edit_function how,
                     const expiry& created) {
  std::optional<bytes> there;
  in.lookup(key, [&](bytes b) {
    assert(!there && "edits are for keys with one value");
    there = b;
  });
  std::vector<std::byte> made;
  const auto decided = how(there, made);
  if (!decided) return std::unexpected(decided.error());
  const bool changes = *decided == edited::put ? !there || !same_bytes(*there, made)
                                               : *decided == edited::erase && there;
  if (!changes) return written::unchanged;
  const auto until = there ? expiry::keep() : created;
  auto done = *decided == edited::put ? in.insert_expiring(key, made, until, false) : in.erase(key);
  if (!done) return std::unexpected(done.error());
  return there ? written::replaced : written::added;
}

result<bool> exchange(transaction_table_core& in, bytes key, std::optional<bytes> expected,
                      std::optional<bytes> desired) {
  bool fits = !expected;
  in.lookup(key, [&](bytes there) { fits = expected && same_bytes(there, *expected); });
  if (!fits) return false;
  auto done = desired ? replace(in, key, *desired) : expected ? in.erase(key) : result<>{};
  if (!done) return std::unexpected(done.error());
  return true;
}

result<std::size_t> take(transaction_table_core& in, bytes key, function_ref<void(bytes)> f) {
  const auto count = in.lookup(key, f);
  if (count == 0) return 0;
  if (auto done = in.erase(key); !done) return std::unexpected(done.error());
  return count;
}

result<> take_end(transaction_table_core& in, place end, function_ref<void(bytes, bytes)> f) {
  std::vector<std::byte> key;
  const bool is_there = in.seek(end, {}, [&](bytes k, bytes value) {
    f(k, value);
    key.assign(k.begin(), k.end());
  });
  if (!is_there) return std::unexpected(error(errc::not_found));
  return in.erase(key);
}

result<wide_integer> step(transaction_table_core& in, bytes key, const counter_step& how) {
  wide_integer sum = 0;
  const auto decide = [&](std::optional<bytes> there,
                          std::vector<std::byte>& made) -> result<edited> {
    const auto stepped = step_counter(there, how, in.label());
    if (!stepped) return std::unexpected(stepped.error());
    sum = *stepped;
    const auto term = encode_wide(sum);
    made.assign(term.view().begin(), term.view().end());
    return edited::put;
  };
  if (auto done = edit(in, key, decide, how.created); !done) return std::unexpected(done.error());
  return sum;
}

}  // namespace shelf::detail
