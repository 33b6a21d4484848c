// TABLE  api -> [table] -> journal -> file
// A table's file made of entries, with no table in memory.
#include "shelf/detail/core.hpp"
#include "table/catalogue.hpp"
#include "table/new_file.hpp"
#include "table/operation.hpp"

namespace shelf::detail {
namespace {

/// Nobody sees the file before it is whole, so batches are only as long as is quick to read.
constexpr std::size_t entries_a_batch = 4096;

class building final : public file_builder {
 public:
  building(std::unique_ptr<file::location> where, tables::new_file made, kind what,
           std::size_t entry_limit)
      : where_(std::move(where)), made_(std::move(made)), what_(what), limit_(entry_limit) {}

  [[nodiscard]] result<> describe(const tables::table_description& d) {
    const auto encoded = tables::encode_description(d);
    return made_.add(
        {journal::op::table_created, 0, 1, as_bytes(encoded.key), as_bytes(encoded.value)}, batch_);
  }
  result<> add(bytes key, bytes value) override {
    if (auto fits = tables::check_entry_size(limit_, where_->path(), key, value); !fits)
      return fits;
    const auto what = is_bag(what_) ? journal::op::append : journal::op::put;
    if (auto added = made_.add({what, 0, 1, key, value}, batch_); !added) return added;
    if (++added_ % entries_a_batch != 0) return {};
    ++batch_;
    return made_.commit();
  }
  result<> publish() override {
    auto done = made_.commit();
    return done ? made_.publish() : done;
  }

 private:
  std::unique_ptr<file::location> where_;  // made_ refers to it
  tables::new_file made_;
  kind what_;
  std::size_t limit_;
  std::uint64_t batch_ = 1;
  std::uint64_t added_ = 0;
};

}  // namespace

result<std::unique_ptr<file_builder>> build_file(const core_config& config,
                                                 const entry_types& types) {
  auto& system = config.system != nullptr ? *config.system : file::real_system();
  auto found = file::location::find(system, config.path, config.base_directory);
  if (!found) return std::unexpected(found.error());
  if (config.file_system == file_system::local) {
    if (auto local = found->refuse_network_file_system(); !local) {
      return std::unexpected(local.error());
    }
  }
  auto where = std::make_unique<file::location>(std::move(*found));
  auto begun = tables::new_file::create(*where);
  if (!begun) return std::unexpected(begun.error());
  auto made = std::make_unique<building>(std::move(where), std::move(*begun), types.what,
                                         config.limits.entry_bytes);
  const auto described = made->describe(
      {.what = types.what, .key_schema = types.key_schema, .value_schema = types.value_schema});
  if (!described) return std::unexpected(described.error());
  return made;
}

}  // namespace shelf::detail
