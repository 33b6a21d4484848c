// ENGINE  api -> [engine] -> stores -> journal -> file
// In the turn: whoever has it stages, journals and publishes the operations of all who wait.
#include "engine/commit_queue.hpp"

#include "error/sentence.hpp"
#include "file/seeded_bug.hpp"

#include <cassert>
#include <chrono>
#include <utility>

namespace shelf::engine {

using file::has_bug;
using file::seeded_bug;

namespace {

constexpr std::size_t much_waiting = 1024;  ///< blocks that their readers have not left
[[nodiscard]] auto now() noexcept { return std::chrono::steady_clock::now(); }

constexpr std::size_t kept_changes = 4096;  ///< room for these is not given back after each group

}  // namespace

commit_queue::commit_queue(file_keeper& file, write_mode mode, observers& heard_by,
                           const expiry_clock& clock, std::function<void()> much_left)
    : file_(file),
      mode_(mode),
      observers_(heard_by),
      much_left_(std::move(much_left)),
      turn_([this](queued* first) { execute(static_cast<operation*>(first)); }) {
  group_.clock = &clock;
}

void commit_queue::execute(operation* first) noexcept {
  while (first != nullptr) {
    if (!takes_writes(*first) && refuse(*first)) {
      first = first->next_operation();
    } else {
      is_timed_ = figures_.begin_group();
      first = is_timed_ ? execute_timed(first) : execute_group(first);
    }
  }
}

/// Returns the first operation that is not of the group.
inline operation* commit_queue::execute_group(operation* first) noexcept {
  auto* const end = stage_group(first);
  publish_group(first, end);
  return end;
}

operation* commit_queue::execute_timed(operation* first) noexcept {
  const auto start = now();
  auto* const end = execute_group(first);
  figures_.turn.note(now() - start);
  return end;
}

/// Whether nothing can be written any more; the operation is told why.
bool commit_queue::refuse(operation& op) const noexcept {
  try {
    if (op.on->held() == nullptr || is_closing_)
      op.failure = op.on->labelled(errc::table_closed);
    else if (file_ && file_->is_fenced())
      op.failure = file_->fence();
  } catch (...) {
    op.thrown = std::current_exception();
  }
  return op.failure || op.thrown;
}

/// Stages as many operations as can be decided on top of each other; returns the first that cannot.
operation* commit_queue::stage_group(operation* first) {
  assert(group_.empty() && group_.touched.empty() && "a group ends before the next begins");
  begin_group();
  auto* op = first;
  try {
    for (; op != nullptr; op = op->next_operation()) {
      figures_.note_operation();
      // A table may be closed that another operation of the list did not ask for.
      if (op != first && op->on->held() == nullptr) break;
      assert(op->on->held() != nullptr && "only an open table is staged in");
      const auto before = group_.staged;
      if (!op->on->stage(*op, group_)) break;
      assert(group_.staged >= before && "staging only adds");
      if (group_.may_be_too_much && refuse_too_large(*op)) [[unlikely]]
        return op->next_operation();
      op->changed = group_.staged > before;
      if (op->changed && file_ && !file_->likes_groups()) return op->next_operation();
    }
  } catch (...) {
    // Out of memory. What the operation staged cannot be told from what others staged: none of them
    // happens.
    discard();
    auto* const end = op->next_operation();
    for (auto* o = first; o != end; o = o->next_operation()) o->thrown = std::current_exception();
    return end;
  }
  assert(op != first && "an operation alone can always be staged");
  return op;
}

/// Takes an operation back that made a table larger than it may be.
bool commit_queue::refuse_too_large(operation& op) {
  group_.may_be_too_much = false;
  const auto found =
      std::ranges::find_if(group_.touched, [](const auto* t) { return t->is_too_large(); });
  if (found == group_.touched.end()) return false;
  op.failure = (*found)->too_large();
  op.changed = false;
  discard();
  return true;
}

/// Every table is stamped before the board shows any of it, and shown before any lets go of what it
/// replaced.
inline void commit_queue::show(sequence number) noexcept {
  assert(number == sequence_ && number > board_->published() && "versions only grow");
  bool is_early = has_bug(seeded_bug::published_per_table);
  for (auto* t : group_.touched) {
    assert(t->is_touched() && t->held() != nullptr && "a table is on the list once, and open");
    t->stamp(number);
    // As if each had a board of its own: the first shows what the others do not have yet.
    if (std::exchange(is_early, false)) board_->publish(number);
  }
  if (!has_bug(seeded_bug::published_per_table)) board_->publish(number);
  assert((group_.touched.empty() || board_->published() == number) &&
         "all of it shows, or nothing");
  if (group_.is_observed) [[unlikely]]
    tell_observers(number);
  std::size_t left = 0;
  for (auto* t : group_.touched) {
    left += t->settle(number);
    assert(!t->is_touched() && "a table leaves the list when its changes are published");
  }
  group_.touched.clear();
  group_.changes.clear();
  group_.staged = 0;
  group_.commits = 0;
  group_.moment.reset();
  if (group_.changes.capacity() > kept_changes) {
    std::vector<journal::change>().swap(group_.changes);
  }
  // Who stays long in a callback leaves much behind, and then nobody may be writing.
  if (left > much_waiting && much_left_) much_left_();
}

/// Before the tables settle: until then what they replaced can be read.
void commit_queue::tell_observers(sequence number) noexcept {
  if (!group_.noted.empty()) {
    observers_.tell(number, group_.noted, mode_ == write_mode::durable && file_ ? number : 0);
  }
  group_.is_observed = false;
  group_.noted.clear();
  if (group_.noted.capacity() > kept_changes) std::vector<noted_change>().swap(group_.noted);
}

void commit_queue::publish_group(operation* first, const operation* end) noexcept {
  if (group_.empty()) {
    discard();
    return;
  }
  const auto number = draw();
  std::optional<error> failure;
  std::exception_ptr thrown;
  try {
    if (file_ && !group_.changes.empty()) failure = append(number);
  } catch (...) {
    thrown = std::current_exception();
  }
  assert(number == sequence_ && "no other number is drawn meanwhile");
  const bool taken = !failure && !thrown;
  if (group_.commits != 0) {
    for (auto* op = first; op != end; op = op->next_operation()) op->number = number;
  }
  // Whoever looks after the call cannot tell "before the journal" from "in spite of the journal".
  if (taken || has_bug(seeded_bug::apply_before_journal)) {
    show(number);
  } else {
    discard();
  }
  assert(group_.empty() && group_.touched.empty() && "published or discarded, whole");
  if (taken) return;
  // What came behind the first change was decided on top of it: "unchanged", say, of what never
  // came to be.
  bool decided_on_it = false;
  for (auto* op = first; op != end; op = op->next_operation()) {
    decided_on_it = decided_on_it || op->changed;
    if (!decided_on_it) continue;
    op->failure = failure;
    op->thrown = thrown;
  }
}

/// Gives the file what the mode promises: nothing (back), the bytes (through), the synced bytes
/// (durable).
std::optional<error> commit_queue::append(sequence number) {
  assert(mode_ != write_mode::back && "a save writes what write-back tables changed");
  assert(number > board_->published() && "the file has it before anybody sees it");
  if (auto done = is_timed_ ? append_timed(number) : file_->append(number, group_.changes); !done) {
    return done.error();
  }
  if (mode_ != write_mode::durable || has_bug(seeded_bug::acknowledge_before_sync)) {
    return std::nullopt;
  }
  return sync_group();
}

result<> commit_queue::append_timed(sequence number) {
  const auto start = now();
  auto done = file_->append(number, group_.changes);
  figures_.append.note(now() - start);
  return done;
}

/// One sync for all of the group. How long it took tells how long the next leader may wait for
/// company.
std::optional<error> commit_queue::sync_group() {
  assert(mode_ == write_mode::durable && file_);
  auto& system = file_.system();
  const auto start = system.now();
  if (auto synced = file_->sync(); !synced) {
    const auto& cause = synced.error();
    // It is in the file, and whether that is the database's still, and whole, is not known.
    const bool in_doubt = file_->is_fenced() && cause != errc::indeterminate;
    return in_doubt ? shelf::in_doubt(cause) : cause;
  }
  const auto took = system.now() - start;
  figures_.sync.note(took);
  turn_.set_grouping({.groups_for_others = 0, .window = took / 2});
  return std::nullopt;
}

void commit_queue::publish() noexcept { show(draw()); }

void commit_queue::discard() noexcept {
  for (auto* t : group_.touched) {
    assert(t->is_touched() && "a table is on the list once");
    t->discard();
  }
  group_.touched.clear();
  group_.is_observed = false;
  group_.noted.clear();
  group_.changes.clear();
  group_.staged = 0;
  group_.commits = 0;
  group_.moment.reset();
}

}  // namespace shelf::engine
