// ENGINE  api -> [engine] -> stores -> journal -> file
// Tables created, dropped and renamed: one batch of the file, and one version for readers.
#include "engine/altering.hpp"

#include "error/printable.hpp"
#include "error/sentence.hpp"
#include "file/seeded_bug.hpp"

#include <algorithm>
#include <cassert>
#include <limits>
#include <utility>

namespace shelf::engine {

using journal::op;

instance::alteration::alteration(instance& of) : of_(of), highest_(of.highest_id_) {
  for (const auto& t : of.tables_) {
    if (!t->is_dropped()) tables_.push_back({.is = t.get(), .as = t->description()});
  }
}

instance::alteration::altered_table* instance::alteration::find(std::string_view name) noexcept {
  const auto found = std::ranges::find_if(
      tables_, [&](const auto& t) { return !t.is_dropped && t.as.name == name; });
  return found == tables_.end() ? nullptr : &*found;
}

error instance::alteration::refused(errc code, const std::string& name,
                                    const std::string& why) const {
  return error(code, of_.label_ + ": table '" + detail::printable(name) + "': " + why);
}

/// For the file, if there is one.
void instance::alteration::note(op what, const altered_table& t) {
  auto& text = texts_.emplace_back();
  if (what != op::table_dropped) text = stores::encode_description(t.as);
  changes_.push_back({what, 0, t.is->id(), as_bytes(text.key), as_bytes(text.value)});
}

result<> instance::alteration::take(detail::table_step& step) {
  using verb = detail::table_step::verb;
  switch (step.what) {
    case verb::create: return create(*step.made);
    case verb::drop: return drop(step.name);
    case verb::rename: return rename(step.name, step.to);
  }
  std::unreachable();
}

result<> instance::alteration::create(detail::wanted_table& w) {
  if (auto valid = check_wanted(w); !valid) return valid;
  if (find(w.name) != nullptr) {
    return std::unexpected(
        refused(errc::key_already_present, w.name, "there is a table of this name already"));
  }
  if (auto sound = of_.can_be_read(w.types); !sound) return sound;
  if (highest_ == std::numeric_limits<std::uint32_t>::max()) {
    return std::unexpected(
        error(errc::size_limit_exceeded, of_.label_ + ": the file has used the last table id, " +
                                             std::to_string(highest_) +
                                             "; copy its entries to a new file"));
  }
  altered_table t{.as = of_.describe(w)};
  t.made = of_.make_table(++highest_, t.as, std::move(w.types));
  t.made->set_ttl(w.ttl);
  t.first = t.made->make_contents();
  t.is = t.made.get();
  note(op::table_created, tables_.emplace_back(std::move(t)));
  return {};
}

result<> instance::alteration::drop(const std::string& name) {
  auto* const t = find(name);
  if (t == nullptr) return std::unexpected(of_.no_table(name));
  t->is_dropped = true;
  note(op::table_dropped, *t);
  return {};
}

result<> instance::alteration::rename(const std::string& from, const std::string& to) {
  auto* const t = find(from);
  if (t == nullptr) return std::unexpected(of_.no_table(from));
  if (auto valid = check_name(to); !valid) return valid;
  if (from == to) return {};
  if (find(to) != nullptr) {
    return std::unexpected(
        refused(errc::key_already_present, to, "there is a table of this name already"));
  }
  t->as.name = to;
  t->is_changed = true;
  note(op::table_changed, *t);
  return {};
}

/// The file gets the batch, and it is synced. In the turn.
result<> instance::alteration::write(sequence number) {
  if (!of_.file_) return {};
  auto& file = *of_.file_;
  if (auto why = file.fence()) return std::unexpected(*why);
  const bool is_late = file::has_bug(file::seeded_bug::table_before_its_bit);
  auto done = is_late ? result<>() : file.allow_several_tables();
  if (done) done = file.append(number, changes_);
  if (done && is_late) done = file.allow_several_tables();
  if (!done) return done;
  auto synced = file.sync();
  if (synced || synced.error() == errc::indeterminate) return synced;
  return std::unexpected(in_doubt(synced.error()));
}

result<> instance::alteration::commit() {
  if (changes_.empty()) return {};
  for (auto& t : tables_) {
    if (t.is_changed && !t.is_dropped) t.face = &t.is->keep_face(of_.face_of(t.as));
  }
  const std::scoped_lock lock(of_.commits_);
  (void)of_.commits_.open_group();  // whoever follows the changes has missed nothing so far
  {
    const std::scoped_lock names(of_.names_);
    of_.tables_.reserve(of_.tables_.size() + tables_.size());
  }
  of_.commits_.expect_tables(of_.tables_.size() + tables_.size());
  const auto number = of_.commits_.draw();
  if (auto done = write(number); !done) return done;
  assert(number == of_.commits_.last() && of_.commits_.open_group().empty() && "the turn is ours");
  show(number);
  of_.observers_->wake();
  return {};
}

/// Whoever looks at all tables at once sees them before or after.
void instance::alteration::show(sequence number) noexcept {
  const std::scoped_lock names(of_.names_);
  of_.highest_id_ = highest_;
  for (auto& t : tables_) {
    if (t.face != nullptr) t.is->show_face(*t.face);
    if (t.made && !t.is_dropped) {
      assert(of_.tables_.size() < of_.tables_.capacity() && "room was made");
      t.first->since = number;
      of_.tables_.push_back(std::move(t.made));
      t.is->install(std::move(t.first));
    } else if (t.is_dropped && !t.made) {
      t.is->drop();
    }
  }
  of_.commits_.board().publish(number);
}

/// Tables that are not there yet: all of them, or none. Under life_, or before anybody has the
/// database.
result<> instance::create_tables(std::vector<wanted_table>& wanted) {
  alteration all(*this);
  for (auto& w : wanted) {
    if (w.name.empty() || find(w.name) != nullptr) continue;
    if (auto made = all.create(w); !made) return made;
  }
  return all.commit();
}

result<> instance::may_alter() const {
  if (is_forked()) return std::unexpected(labelled(errc::forked));
  if (is_checking() || is_in_callback()) return std::unexpected(labelled(errc::busy));
  return {};
}

result<> instance::alter(std::vector<detail::table_step> steps) {
  if (auto may = may_alter(); !may) return may;
  const std::scoped_lock lock(life_);
  if (!is_open()) return std::unexpected(labelled(errc::table_closed));
  if (!config_.in_memory && !writes_file()) return std::unexpected(labelled(errc::read_only));
  alteration all(*this);
  for (auto& step : steps) {
    if (auto taken = all.take(step); !taken) return taken;
  }
  return all.commit();
}

}  // namespace shelf::engine
