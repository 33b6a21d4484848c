// CLI  [cli] -> rows -> upkeep -> engine -> stores -> journal -> file
// A shelf file of any type, opened by what it says of itself.
#pragma once

#include "cli/terminal/progress_bar.hpp"
#include "rows/source.hpp"
#include "shelf/detail/core.hpp"
#include "shelf/upkeep.hpp"

#include <chrono>
#include <memory>

namespace shelf::cli {

using rows::key_bounds;
using rows::schema;
using rows::source;
using rows::types;

/// What a writer does about the unique indexes that the file records.
enum class unique_indexes : std::uint8_t {
  spared,    ///< it only erases, or changes no values: they hold as before
  kept,      ///< what would break one is refused with key_already_present
  given_up,  ///< it may break them: the file does not record them any more
};

/// An open table. One moment of it is what the source shows.
class native_table final : public source {
 public:
  // `table`: which one of the file; empty: the only one.
  /// Beside whoever writes it. Errors: those of describe and table::open.
  [[nodiscard]] static result<native_table> read(const std::string& path, const std::string& table,
                                                 progress_bar bar);
  /// The same, and it goes on to show what is written.
  [[nodiscard]] static result<native_table> follow(const std::string& path,
                                                   const std::string& table, progress_bar bar);
  /// The same, but walks show what has expired and is not swept yet, and nothing else.
  [[nodiscard]] static result<native_table> read_expired(const std::string& path,
                                                         const std::string& table,
                                                         progress_bar bar);
  /// To write: already_open says who holds it. Changes that the file keeps stay (config.history).
  [[nodiscard]] static result<native_table> write(const std::string& path, const std::string& table,
                                                  unique_indexes indexes, progress_bar bar);
  /// The same, but a compaction keeps those alone.
  [[nodiscard]] static result<native_table> write(const std::string& path, const std::string& table,
                                                  const history& kept, progress_bar bar);
  /// To write, with nothing in the file until core().save().
  [[nodiscard]] static result<native_table> write_back(const std::string& path,
                                                       const std::string& table,
                                                       unique_indexes indexes, progress_bar bar);
  /// A new file, or errors of table::open; file_error (EEXIST) if it is there.
  [[nodiscard]] static result<native_table> create(const std::string& path,
                                                   const file_description& as);

  kind what() const override { return described_.what; }
  const types& schemas() const override { return types_; }
  std::uint64_t size() const override { return moment_->size(); }
  std::optional<std::uint64_t> identity() const override {
    if (described_.what != kind::ordered_set) return std::nullopt;
    return core_->identity();
  }
  std::vector<fact> facts() const override;
  result<std::size_t> get(const term& key, detail::function_ref<void(bytes)> f) const override;
  std::uint64_t expiring() const override;
  result<rows::deadline> expires_at(const term& key) const override;
  bool have_keys() const override { return !expired_by_; }
  std::vector<index_description> indexes() const override {
    return expired_by_ ? std::vector<index_description>() : described_.indexes;
  }
  result<std::uint64_t> walk(const key_bounds& range, rows::entry_function f,
                             const progress& tell) const override;

  [[nodiscard]] detail::core& core() const noexcept { return *core_; }
  /// Saves and closes: what was written is on disk when it returns.
  [[nodiscard]] result<> close() const { return core_->close(); }

 private:
  native_table(file_description d, types t, std::shared_ptr<detail::core> core)
      : described_(std::move(d)),
        types_(std::move(t)),
        core_(std::move(core)),
        moment_(core_->snapshot()) {}
  /// How a file is opened.
  struct manner {
    shelf::opening opening = shelf::opening::existing;
    write_mode mode = write_mode::through;
    std::chrono::milliseconds follow{0};
    const shelf::clock* clock = nullptr;
    shelf::history history = {};
    unique_indexes indexes = unique_indexes::spared;  ///< to write
  };
  [[nodiscard]] static result<native_table> open(const std::string& path, const std::string& table,
                                                 file_description d, const manner& how,
                                                 progress_bar bar);
  [[nodiscard]] std::uint64_t walk_back(std::size_t from, std::size_t to, rows::entry_function f,
                                        const progress& tell) const;
  [[nodiscard]] result<std::uint64_t> look_up(const term& key, rows::entry_function f) const;
  /// Whether a walk is to show an entry with that deadline.
  [[nodiscard]] bool shows(rows::deadline until) const noexcept {
    return !expired_by_ || until <= *expired_by_;
  }

  file_description described_;
  types types_;
  std::shared_ptr<detail::core> core_;
  std::shared_ptr<const detail::snapshot_core> moment_;
  std::optional<rows::deadline> expired_by_;  ///< walks show what has expired by then, and no more
};

/// The schemas that a description names. corrupt: they are none.
[[nodiscard]] result<types> types_of(const file_description& d);

}  // namespace shelf::cli
