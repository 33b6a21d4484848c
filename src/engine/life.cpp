// ENGINE  api -> [engine] -> stores -> journal -> file
// What a table's handle asks of its whole database.
#include "engine/instance.hpp"
#include "engine/live_table.hpp"

namespace shelf::engine {

live_table::live_table(instance& of, settings how, table_face face, detail::entry_types types)
    : of_(of),
      how_(how),
      types_(std::move(types)),
      is_bag_(is_bag(types_.what)),
      evicts_(types_.bounds.is_set() && types_.bounds.when_full == when_full::evict),
      may_refuse_(types_.bounds.is_set() && (!evicts_ || types_.bounds.max_bytes != 0)),
      transactions_(of.running()),
      reads_(how_.counts_reads ? std::make_unique<reader_figures>() : nullptr) {
  show_face(keep_face(std::move(face)));
  if (how_.has_owner) owner_.emplace();
  note_functions();
  note_indexes();
  if (types_.bounds.is_set()) of.commits().expect_bounds();
}

live_table::~live_table() = default;

result<> live_table::save() {
  if (!may_write()) return std::unexpected(why_not());
  return of_.save();
}

result<> live_table::sync() {
  if (!may_write()) return std::unexpected(why_not());
  return of_.sync();
}

result<> live_table::reload() {
  if (auto can = readable(); !can) return can;
  if (owner_ && !owner_->is_mine()) return std::unexpected(labelled(errc::not_owner));
  return of_.reload();
}

result<std::size_t> live_table::catch_up() {
  if (auto can = readable(); !can) return std::unexpected(can.error());
  if (owner_ && !owner_->is_mine()) return std::unexpected(labelled(errc::not_owner));
  return of_.catch_up();
}

result<> live_table::compact(const progress& tell) {
  if (!may_write()) return std::unexpected(why_not());
  return of_.compact(tell);
}

result<backup_report> live_table::backup_to(const std::string& path, const backup_options& how) {
  if (auto can = readable(); !can) return std::unexpected(can.error());
  return of_.backup_to(path, how);
}

result<> live_table::restore_from(const std::string& path, const restore_from_options& how) {
  if (!may_write()) return std::unexpected(why_not());
  return of_.restore_from(path, how);
}

result<> live_table::recover() {
  if (!may_write()) return std::unexpected(why_not());
  return of_.recover();
}

result<> live_table::close() {
  if (!how_.is_lone) {
    return std::unexpected(
        error(errc::invalid_argument,
              label() + ": it belongs to a database, which is closed as a whole"));
  }
  if (is_forked()) {
    of_.leave_to_parent();
    return std::unexpected(labelled(errc::forked));
  }
  if (of_.is_busy_here()) return std::unexpected(labelled(errc::busy));
  if (owner_ && !owner_->is_mine()) return std::unexpected(labelled(errc::not_owner));
  return of_.close();
}

void live_table::abandon() noexcept {
  if (how_.is_lone) of_.abandon();
}

void live_table::close_at_destruction() noexcept {
  if (how_.is_lone) of_.close_at_destruction();
}

result<detail::migration_counts> live_table::migrate(
    const detail::entry_types& to,
    detail::function_ref<result<>(detail::stored_entry, detail::entry_batch&)> convert,
    bool dry_run, const progress& tell) {
  return of_.migrate(*this, to, convert, dry_run, tell);
}

result<> live_table::give_away() {
  if (auto can = readable(); !can) return can;
  if (!owner_)
    return std::unexpected(error(errc::invalid_argument, label() + ": any thread may write"));
  if (!owner_->give_away()) return std::unexpected(labelled(errc::not_owner));
  return {};
}

result<> live_table::take_over() {
  if (auto can = readable(); !can) return can;
  if (!owner_)
    return std::unexpected(error(errc::invalid_argument, label() + ": any thread may write"));
  if (!owner_->take_over()) return std::unexpected(labelled(errc::not_owner));
  return {};
}

}  // namespace shelf::engine
