// UPKEEP  cli -> rows -> [upkeep] -> engine -> stores -> journal -> file
// A catalog, then entries in batches of moderate size.
#include "upkeep/table_builder.hpp"

#include "engine/operation.hpp"
#include "error/printable.hpp"
#include "stores/catalogue.hpp"

#include <cassert>
#include <set>

namespace shelf::detail {
namespace {

constexpr std::size_t entries_a_batch = 4096;

[[nodiscard]] result<> check_names(const std::string& path,
                                   std::span<const file_description> tables) {
  std::set<std::string> names;
  for (const auto& t : tables) {
    const char* why = stores::why_no_name(t.name);
    if (why == nullptr && !names.insert(t.name).second) why = "two tables have this name";
    if (why == nullptr) continue;
    return std::unexpected(
        error(errc::invalid_argument, path + ": table " + printable(t.name) + ": " + why));
  }
  return {};
}

}  // namespace

result<table_builder> table_builder::create(const std::string& path,
                                            std::span<const file_description> tables,
                                            const path_options& options) {
  if (auto named = check_names(path, tables); !named) return std::unexpected(named.error());
  auto& system = options.system != nullptr ? *options.system : file::real_system();
  auto found = file::location::find(system, path, options.base_directory);
  if (!found) return std::unexpected(found.error());
  auto where = std::make_unique<file::location>(*std::move(found));
  auto made = stores::new_file::create(
      *where, stores::new_file::publishing::is_short,
      tables.size() == 1 ? stores::new_file::tables::one : stores::new_file::tables::several);
  if (!made) return std::unexpected(made.error());
  table_builder b(std::move(where), *std::move(made));
  std::uint32_t id = 0;
  for (const auto& t : tables) {
    const auto d = stores::encode_description({.what = t.what,
                                               .name = t.name,
                                               .key_schema = t.key_schema,
                                               .value_schema = t.value_schema,
                                               .in_memory = t.in_memory,
                                               .indexes = t.indexes});
    auto added = b.made_.add(
        {journal::op::table_created, 0, ++id, as_bytes(d.key), as_bytes(d.value)}, b.batch_);
    if (!added) return std::unexpected(added.error());
    b.kinds_.push_back(t.what);
  }
  if (tables.empty()) {
    auto added = b.made_.add({journal::op::table_dropped, 0, 0, {}, {}}, b.batch_);
    if (!added) return std::unexpected(added.error());
  }
  return b;
}

result<> table_builder::add(std::size_t table, bytes key, bytes value, std::uint64_t until) {
  assert(table < kinds_.size());
  auto fits =
      engine::check_entry_size(limits{}.entry_bytes, where_->path(), key.size() + value.size());
  if (!fits) return fits;
  const auto what = is_bag(kinds_[table]) ? journal::op::append : journal::op::put;
  const auto id = static_cast<std::uint32_t>(table + 1);
  auto added = made_.add({what, journal::flags_for(until), id, key, value, until}, batch_);
  if (!added || ++added_ % entries_a_batch != 0) return added;
  ++batch_;
  return made_.commit();
}

result<> table_builder::publish() {
  auto done = made_.commit();
  return done ? made_.publish() : done;
}

}  // namespace shelf::detail
