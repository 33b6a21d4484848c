// UPKEEP  cli -> rows -> [upkeep] -> engine -> stores -> journal -> file
// A table's file made of entries, or made longer by them, with no table in memory.
#include "engine/operation.hpp"
#include "shelf/detail/core.hpp"
#include "shelf/upkeep.hpp"
#include "stores/catalogue.hpp"
#include "stores/new_file.hpp"

namespace shelf::detail {
namespace {

/// Nobody sees the file before it is whole, so batches are only as long as is quick to read.
constexpr std::size_t entries_a_batch = 4096;

[[nodiscard]] journal::op op_of(kind what) noexcept {
  return is_bag(what) ? journal::op::append : journal::op::put;
}

class building final : public file_builder {
 public:
  building(std::unique_ptr<file::location> where, stores::new_file made, kind what,
           std::size_t entry_limit)
      : where_(std::move(where)), made_(std::move(made)), what_(what), limit_(entry_limit) {}

  [[nodiscard]] result<> describe(const stores::table_description& d) {
    const auto encoded = stores::encode_description(d);
    return made_.add(
        {journal::op::table_created, 0, 1, as_bytes(encoded.key), as_bytes(encoded.value)}, batch_);
  }
  result<> add(bytes key, bytes value) override { return add_until(key, value, no_deadline); }
  result<> add_until(bytes key, bytes value, std::uint64_t until) override {
    if (auto fits = engine::check_entry_size(limit_, where_->path(), key.size() + value.size());
        !fits)
      return fits;
    const journal::change c{op_of(what_), journal::flags_for(until), 1, key, value, until};
    if (auto added = made_.add(c, batch_); !added) return added;
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
  stores::new_file made_;
  kind what_;
  std::size_t limit_;
  std::uint64_t batch_ = 1;
  std::uint64_t added_ = 0;
};

/// All entries are one batch at the end of the journal: readers see none of them, then all.
class extending final : public file_builder {
 public:
  extending(std::unique_ptr<file::location> where, std::unique_ptr<journal::journal_file> open,
            const file_description& table, std::size_t entry_limit)
      : where_(std::move(where)),
        open_(std::move(open)),
        what_(table.what),
        id_(table.id),
        limit_(entry_limit) {}
  extending(const extending&) = delete;
  extending& operator=(const extending&) = delete;
  ~extending() override {
    if (std::exchange(in_batch_, false)) open_->drop_batch();
    // Closed, if it can be: if not, the next open has to look where it ends.
    try {
      if (!open_->is_fenced()) (void)open_->seal();
    } catch (const std::bad_alloc&) {
    }
  }

  result<> add(bytes key, bytes value) override { return add_until(key, value, no_deadline); }
  result<> add_until(bytes key, bytes value, std::uint64_t until) override {
    if (auto fits = engine::check_entry_size(limit_, where_->path(), key.size() + value.size());
        !fits)
      return fits;
    if (!std::exchange(in_batch_, true)) open_->begin(open_->last_sequence() + 1);
    auto added = open_->add({op_of(what_), journal::flags_for(until), id_, key, value, until});
    // In no doubt, whatever the disk still holds: the batch was not committed.
    if (!added) static_cast<void>(take_back(added.error()));
    return added;
  }
  result<> publish() override {
    if (auto same = open_->still_named(); !same) return same;
    if (in_batch_) {
      if (auto done = open_->commit(); !done) return std::unexpected(take_back(done.error()));
      in_batch_ = false;
    }
    auto synced = open_->sync();
    return synced ? open_->still_named() : synced;
  }

 private:
  [[nodiscard]] error take_back(const error& cause) {
    auto told = open_->roll_back(cause);
    in_batch_ = false;
    return told;
  }

  std::unique_ptr<file::location> where_;  // open_ refers to it
  std::unique_ptr<journal::journal_file> open_;
  kind what_;
  std::uint32_t id_;
  std::size_t limit_;
  bool in_batch_ = false;
};

[[nodiscard]] result<std::unique_ptr<file::location>> place_of(const core_config& config) {
  auto& system = config.system != nullptr ? *config.system : file::real_system();
  auto found = file::location::find(system, config.path, config.base_directory);
  if (!found) return std::unexpected(found.error());
  if (config.file_system == file_system::local) {
    if (auto local = found->refuse_network_file_system(); !local) {
      return std::unexpected(local.error());
    }
  }
  return std::make_unique<file::location>(std::move(*found));
}

}  // namespace

result<> file_builder::add_pieces(bytes key, std::span<const bytes> value) {
  std::vector<std::byte> joined;
  joined.reserve(kinds::size_of(value));
  for (const auto piece : value) joined.insert(joined.end(), piece.begin(), piece.end());
  return add(key, joined);
}

result<std::unique_ptr<file_builder>> extend_file(const core_config& config,
                                                  const entry_types& types) {
  auto where = place_of(config);
  if (!where) return std::unexpected(where.error());
  (*where)->sweep_temporaries();
  auto open = journal::journal_file::open(**where, {.sync_on_the_way = true}, config.tell_checked);
  if (!open) return std::unexpected(open.error());
  // Asked under the lock: from here on it stays what it is, as long as it has its name.
  const auto is = describe(
      config.path,
      {.base_directory = config.base_directory, .system = config.system, .table = config.table});
  if (!is) return std::unexpected(is.error());
  if (is->what != types.what || is->key_schema != types.key_schema ||
      is->value_schema != types.value_schema) {
    return std::unexpected(error(
        errc::type_mismatch, config.path + ": the types in the file changed while it was read"));
  }
  if (auto recovered = (*open)->recover(); !recovered) return std::unexpected(recovered.error());
  return std::make_unique<extending>(std::move(*where), std::move(*open), *is,
                                     config.limits.entry_bytes);
}

result<std::unique_ptr<file_builder>> build_file(const core_config& config,
                                                 const entry_types& types) {
  auto found = place_of(config);
  if (!found) return std::unexpected(found.error());
  auto where = std::move(*found);
  auto begun = stores::new_file::create(*where, stores::new_file::publishing::is_short);
  if (!begun) return std::unexpected(begun.error());
  auto made = std::make_unique<building>(std::move(where), std::move(*begun), types.what,
                                         config.limits.entry_bytes);
  const auto described = made->describe(
      {.what = types.what, .key_schema = types.key_schema, .value_schema = types.value_schema});
  if (!described) return std::unexpected(described.error());
  return made;
}

}  // namespace shelf::detail
