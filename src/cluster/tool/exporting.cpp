// CLUSTER  [cluster] -> api -> engine -> stores -> journal -> file
// Every entry is checked before it is written: the file has to open wherever it is taken.
#include "cluster/tool/exporting.hpp"

#include "error/printable.hpp"
#include "upkeep/described_types.hpp"
#include "upkeep/table_builder.hpp"

#include <cerrno>
#include <filesystem>
#include <map>

namespace shelf::cluster {
namespace {

[[nodiscard]] file_description description_of(const catalog_table& t) {
  file_description d;
  d.what = t.what;
  d.name = t.name;
  d.key_schema = as_text(t.key_schema);
  d.value_schema = as_text(t.value_schema);
  return d;
}

/// The error, with the name of the table in front.
[[nodiscard]] std::unexpected<error> in_table(const std::string& name, const error& why) {
  return std::unexpected(
      error(why.code(), "table '" + detail::printable(name) + "': " + why.message()));
}

/// Puts a snapshot into a file.
class file_writer final : public snapshot_visitor {
 public:
  explicit file_writer(std::string path) : path_(std::move(path)) {}

  result<> begin(const log_position& at, const std::vector<catalog_table>& tables) override {
    std::vector<file_description> described;
    for (const auto& t : tables) {
      described.push_back(description_of(t));
      auto types = detail::described_types(described.back(), detail::scrutiny::types);
      if (!types) return in_table(t.name, types.error());
      tables_.emplace(t.id, table{.place = tables_.size(), .types = *std::move(types), .of = t});
    }
    auto made = detail::table_builder::create(path_, described);
    if (!made) return std::unexpected(made.error());
    builder_.emplace(*std::move(made));
    at_ = at;
    return {};
  }
  result<> entry(const snapshot_entry& e) override {
    const auto found = tables_.find(e.table);
    if (found == tables_.end()) {
      return std::unexpected(error(errc::server_error, "an entry that is of no table"));
    }
    const auto& in = found->second;
    const auto key = e.term.value_or(e.key);
    if (auto sound = in.types.check(key, e.content); !sound) {
      return in_table(in.of.name, sound.error());
    }
    ++entries_;
    return builder_->add(in.place, key, e.content, detail::no_deadline);
  }

  [[nodiscard]] result<> publish() { return builder_->publish(); }
  [[nodiscard]] std::uint64_t entries() const noexcept { return entries_; }
  [[nodiscard]] std::size_t tables() const noexcept { return tables_.size(); }
  [[nodiscard]] std::int64_t seq() const noexcept { return at_.seq; }

 private:
  struct table {
    std::size_t place;
    detail::entry_types types;
    catalog_table of;
  };
  std::string path_;
  std::optional<detail::table_builder> builder_;
  std::map<std::int32_t, table> tables_;
  std::uint64_t entries_ = 0;
  log_position at_;
};

}  // namespace

result<std::string> export_space(const request& r) {
  std::error_code failed;
  if (std::filesystem::exists(std::filesystem::symlink_status(r.file, failed))) {
    return std::unexpected(
        error(errc::file_error, r.file + ": the file already exists", {}, EEXIST));
  }
  const auto until = deadline_of(r);
  auto from = open_postgres(space_of(r), until);
  if (!from) return std::unexpected(from.error());
  file_writer to(r.file);
  if (auto read = (*from)->snapshot(to, until); !read) return std::unexpected(read.error());
  if (auto named = to.publish(); !named) return std::unexpected(named.error());
  return "exported " + count_of(to.entries(), "entry", "entries") + " of " +
         count_of(to.tables(), "table", "tables") + ", as of commit " + std::to_string(to.seq()) +
         "\n";
}

}  // namespace shelf::cluster
