// STORES  api -> engine -> [stores] -> journal -> file
// Catalog and entries become records.
#include "stores/state_image.hpp"

#include <cassert>

namespace shelf::stores {
namespace {

using journal::journal_file;
using journal::op;

[[nodiscard]] result<> add_entries_of(journal_file& to, const table_image& of,
                                      detail::function_ref<void(std::size_t)> wrote) {
  assert(of.as != nullptr && of.all != nullptr && "a table in the file has both");
  const auto what = is_bag(of.as->what) ? op::append : op::put;
  const auto walk = of.all->walk(of.at);
  for (auto some = walk->next(); !some.empty(); some = walk->next()) {
    for (const auto* e : some) {
      const auto until = e->until();
      auto done =
          to.add_in_place({what, journal::flags_for(until), of.id, e->key(), e->value(), until});
      if (!done) return done;
    }
    wrote(some.size());
  }
  return {};
}

}  // namespace

bool are_several(std::span<const table_image> tables) noexcept {
  return tables.size() != 1 || tables.front().id != 1;
}

result<> add_to_catalogue(journal_file& to, std::uint32_t id, const table_description* as) {
  if (as == nullptr) return to.add({op::table_dropped, 0, id, {}, {}});
  const auto d = encode_description(*as);
  return to.add({op::table_created, 0, id, as_bytes(d.key), as_bytes(d.value)});
}

result<> add_to_catalogue(journal_file& to, std::span<const table_image> tables) {
  result<> done;
  for (const auto& t : tables) {
    if (done) done = add_to_catalogue(to, t.id, t.as);
  }
  return done;
}

result<> add_entries(journal_file& to, std::span<const table_image> tables, const progress& tell) {
  const auto of = count_entries(tables);
  std::uint64_t written = 0;
  const auto wrote = [&](std::size_t more) {
    written += more;
    if (tell) tell(written, of);
  };
  result<> done;
  for (const auto& t : tables) {
    if (done && t.all != nullptr) done = add_entries_of(to, t, wrote);
  }
  return done;
}

std::uint64_t count_entries(std::span<const table_image> tables) noexcept {
  std::uint64_t count = 0;
  for (const auto& t : tables) {
    if (t.all != nullptr) count += t.all->size_at(t.at);
  }
  return count;
}

}  // namespace shelf::stores
