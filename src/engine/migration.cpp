// ENGINE  api -> [engine] -> stores -> journal -> file
// A file of one schema replaced by a file of another, in one step.
#include "engine/converting.hpp"
#include "engine/instance.hpp"

namespace shelf::engine {
namespace {

/// The contents of a table as they are converted. What fails is counted, and the rest only checked.
class converted_table {
 public:
  converted_table(std::shared_ptr<contents> fresh, std::string label, std::size_t entry_limit,
                  bool keeps_deadlines)
      : fresh_(std::move(fresh)),
        label_(std::move(label)),
        made_(entry_limit, label_),
        keeps_deadlines_(keeps_deadlines) {}

  using conversion = detail::function_ref<result<>(detail::stored_entry, detail::entry_batch&)>;

  void add(const detail::stored_entry& e, conversion convert) {
    ++done_.read;
    if (auto taken = take(e, convert); !taken) note_failure(done_, e.key, taken.error());
    made_.entries().clear();
  }
  void publish() { fresh_->publish(fresh_->published() + 1); }
  [[nodiscard]] result<detail::migration_counts> counts() const {
    if (done_.failed != 0) return std::unexpected(not_converted(done_, label_));
    return detail::migration_counts{.read = done_.read, .written = fresh_->size()};
  }
  [[nodiscard]] const contents& made() const noexcept { return *fresh_; }

 private:
  /// Two entries under one key are an error, not a loss.
  [[nodiscard]] result<> take(const detail::stored_entry& e, conversion convert) {
    if (auto done = convert(e, made_); !done) return done;
    for (auto& made : made_.entries()) {
      if (!keeps_deadlines_ && e.until != no_deadline) {
        return std::unexpected(
            error(errc::invalid_argument, "an entry has a deadline, which bags do not keep"));
      }
      give_deadline(made, e.until);
      if (fresh_->stage_insert(made).what != staged::replaced) continue;
      return std::unexpected(
          error(errc::key_already_present, "two entries would get the same key"));
    }
    return {};
  }

  std::shared_ptr<contents> fresh_;
  std::string label_;
  encoded_batch made_;
  bool keeps_deadlines_;
  detail::migrated_table done_;
};

}  // namespace

result<detail::migration_counts> instance::migrate(
    live_table& from, const detail::entry_types& to,
    detail::function_ref<result<>(detail::stored_entry, detail::entry_batch&)> convert,
    bool dry_run, const progress& tell) {
  if (auto sound = can_be_read(to); !sound) return std::unexpected(sound.error());
  const std::scoped_lock lock(life_);
  converted_table fresh(how_to_load().make(to.what, {}), label_, config_.limits.entry_bytes,
                        !is_bag(to.what));
  const auto all = from.snapshot()->entries();
  for (auto some = all->next(); !some.empty(); some = all->next()) {
    for (const auto& e : some) fresh.add(e, convert);
    fresh.publish();
  }
  auto counts = fresh.counts();
  if (!counts || dry_run) return counts;
  const table_description as{.what = to.what,
                             .name = from.description().name,
                             .key_schema = to.key_schema,
                             .value_schema = to.value_schema,
                             .in_memory = from.description().in_memory,
                             .indexes = indexes_to_record(to)};
  const std::scoped_lock in_turn(commits_);
  auto tables = images();
  for (auto& t : tables.tables) {
    if (t.id == from.id())
      t = {.id = t.id, .as = &as, .all = &fresh.made(), .at = fresh.made().published()};
  }
  auto made = file_->write_whole(file_->new_state(commits_.draw()), tables.tables, tell);
  if (!made) return std::unexpected(made.error());
  if (auto named = file_.take_up(std::move(*made)); !named) return std::unexpected(named.error());
  return counts;
}

}  // namespace shelf::engine

namespace shelf::detail {

result<migration_counts> migrate_file(core_config config, entry_types from, const entry_types& to,
                                      function_ref<result<>(stored_entry, entry_batch&)> convert,
                                      bool dry_run, const progress& tell) {
  config.opening = opening::existing;
  config.mode = write_mode::through;
  auto opened = engine::instance::open_lone(std::move(config), std::move(from));
  if (!opened) return std::unexpected(opened.error());
  auto counts = (*opened)->migrate(to, convert, dry_run, tell);
  auto closed = (*opened)->close();
  if (!closed) (*opened)->abandon();
  if (counts && !closed) return std::unexpected(closed.error());
  return counts;
}

}  // namespace shelf::detail
