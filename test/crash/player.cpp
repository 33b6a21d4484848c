// TEST  crash
// The bookkeeping of a run: what the file may hold after each call, and what was promised.
#include "crash/player.hpp"

#include "stores/capabilities.hpp"

#include <algorithm>
#include <functional>
#include <utility>

namespace shelf::crash {

using stores::capability;

player::player(simulation::simulated_disk& disk, flavour what, write_mode mode, on_failure policy,
               file_format format)
    : disk_(disk),
      flavour_(what),
      mode_(mode),
      policy_(policy),
      format_(format),
      table_(make_subject(what)) {}

bool player::saves_beside() const noexcept {
  return mode_ == write_mode::back && !stores::keeps(format_, capability::cheap_saves);
}

// --- opening and closing ---

void player::open(const subject::how& h) {
  how_ = h;
  how_.mode = mode_;
  how_.format = format_;
  const auto started = disk_.operations();
  auto opened = table_->open(&disk_, how_);
  if (!opened && policy_ == on_failure::heal) {
    const entries empty;
    failed("open", started, opened.error(), exists_ ? nullptr : &empty);
    disk_.clear_faults();
    opened = table_->open(&disk_, how_);
  }
  const auto allowed = oracle_.allowed(disk_.operations(), fall::kill, false);
  if (!opened) {
    entries empty;
    return failed("open", started, opened.error(), exists_ ? nullptr : &empty);
  }
  if (!exists_) {
    // An attempt that failed may have left the empty table.
    oracle_.happened(started, {});
    memory_.clear();
    exists_ = true;
  } else {
    opened_again(started, allowed);
  }
  saved_ = memory_;
  perhaps_saved_.reset();
  promise(fall::power);
  check_memory("open");
}

void player::opened_again(std::uint64_t started, const std::vector<oracle::state>& allowed) {
  const auto seen = table_->digest_now();
  const auto found = std::ranges::find(allowed, seen, &oracle::state::digest);
  if (found != allowed.end() && found->content) {
    memory_ = *found->content;
  } else if (is_loose(format_, mode_, fall::kill, oracle_.in_doubt(started)) &&
             holds_what_all_share(table_->all(), allowed)) {
    memory_ = table_->all();
  } else {
    found_wrong("open found " + to_text(table_->all()) + " instead of " + to_text(allowed));
  }
  oracle_.happened(started, memory_);
}

void player::close() {
  persist("close", [&] { return table_->close(); });
}

void player::abandon() {
  table_->abandon();
  memory_ = saved_;
}

// --- writing ---

entries player::inserted(entries to, std::int64_t key, const std::string& value) const {
  auto& values = to[key];
  if (!is_bag(flavour_)) values.clear();
  if (flavour_ != flavour::bag || std::ranges::find(values, value) == values.end()) {
    values.push_back(value);
  }
  return to;
}

void player::insert(std::int64_t key, const std::string& value) {
  write("insert", [&] { return table_->insert(key, value); }, inserted(memory_, key, value));
}

void player::insert_range(const std::vector<subject::pair>& pairs) {
  entries then = memory_;
  for (const auto& [key, value] : pairs) then = inserted(std::move(then), key, value);
  write("insert_range", [&] { return table_->insert_range(pairs); }, then);
}

void player::write_batch(const std::vector<subject::step>& steps) {
  std::vector<entries> on_the_way{memory_};
  for (const auto& [key, value] : steps) {
    auto then = on_the_way.back();
    if (value)
      then = inserted(std::move(then), key, *value);
    else
      then.erase(key);
    on_the_way.push_back(std::move(then));
  }
  write("write", [&] { return table_->write(steps); }, on_the_way);
}

void player::erase(std::int64_t key) {
  entries then = memory_;
  then.erase(key);
  write("erase", [&] { return table_->erase(key); }, then);
}

void player::erase(std::int64_t key, const std::string& value) {
  entries then = memory_;
  if (const auto found = then.find(key); found != then.end()) {
    std::erase(found->second, value);
    if (found->second.empty()) then.erase(found);
  }
  write("erase of a value", [&] { return table_->erase(key, value); }, then);
}

void player::clear() {
  write("clear", [&] { return table_->clear(); }, entries{});
}

void player::add(std::int64_t key, std::int64_t delta) {
  entries then = memory_;
  auto& values = then[key];
  const auto before = values.empty() ? 0 : std::strtoll(values.front().c_str(), nullptr, 10);
  values.assign(1, std::to_string(before + delta));
  write("update_counter", [&] { return table_->add(key, delta); }, then);
}

void player::write(const char* verb, const std::function<result<>()>& call, const entries& then) {
  write(verb, call, std::vector<entries>{then});
}

void player::write(const char* verb, const std::function<result<>()>& call,
                   const std::vector<entries>& on_the_way) {
  if (!table_->is_open()) return;
  const auto& then = on_the_way.back();
  const auto started = disk_.operations();
  const auto done = call();
  if (mode_ != write_mode::back) may_be_there_in_parts(started, on_the_way);
  if (!done)
    return failed(verb, started, done.error(), mode_ == write_mode::back ? nullptr : &then);
  memory_ = then;
  if (mode_ != write_mode::back) {
    oracle_.happened(started, memory_);
    promise(mode_ == write_mode::durable ? fall::power : fall::kill);
  }
  check_memory(verb);
}

void player::may_be_there_in_parts(std::uint64_t started, const std::vector<entries>& on_the_way) {
  if (stores::keeps(format_, capability::atomic_batches) || on_the_way.back().empty()) return;
  using values = std::vector<std::string>;
  const auto values_in = [](const entries& all, std::int64_t key) {
    const auto at = all.find(key);
    return at == all.end() ? values() : at->second;
  };
  // What each key may have: what it had, has on the way, or gets.
  std::map<std::int64_t, std::vector<values>> choices;
  for (const auto& state : on_the_way) {
    for (const auto& [key, held] : state) choices.try_emplace(key, 1, values_in(memory_, key));
  }
  for (const auto& [key, held] : memory_) choices.try_emplace(key, 1, held);
  for (const auto& state : on_the_way) {
    for (auto& [key, those] : choices) {
      auto held = values_in(state, key);
      if (std::ranges::find(those, held) == those.end()) those.push_back(std::move(held));
    }
  }
  std::vector<entries> mixed{memory_};
  for (const auto& [key, those] : choices) {
    const auto count = mixed.size();
    for (std::size_t i = 1; i < those.size(); ++i) {
      for (std::size_t m = 0; m < count; ++m) {
        mixed.push_back(mixed[m]);
        if (those[i].empty())
          mixed.back().erase(key);
        else
          mixed.back()[key] = those[i];
      }
    }
  }
  for (const auto& some : mixed) {
    if (some != memory_ && some != on_the_way.back()) oracle_.may_have_happened(started, some);
  }
}

// --- memory and file ---

/// save and close: ok means that all is on disk.
void player::persist(const char* verb, const std::function<result<>()>& call) {
  if (!table_->is_open()) return;
  const auto started = disk_.operations();
  auto done = call();
  if (!done) {
    failed(verb, started, done.error(), &memory_);
    if (policy_ != on_failure::heal || !table_->is_open()) return;
    disk_.clear_faults();
    done = call();
    if (!done) return found_wrong(std::string(verb) + " fails again: " + done.error().message());
  }
  oracle_.happened(started, memory_);
  promise(fall::power);
  saved_ = memory_;
  perhaps_saved_.reset();
  if (table_->is_open()) check_memory(verb);
}

void player::save() {
  persist("save", [&] { return table_->save(); });
}

void player::sync() {
  if (!table_->is_open()) return;
  const auto started = disk_.operations();
  if (const auto done = table_->sync(); !done) {
    return failed("sync", started, done.error(), nullptr);
  }
  promise(fall::power);
  check_memory("sync");
}

void player::reload() {
  if (!table_->is_open()) return;
  const auto started = disk_.operations();
  if (const auto done = table_->reload(); !done) {
    return failed("reload", started, done.error(), nullptr);
  }
  if (mode_ == write_mode::back) {
    const bool other = perhaps_saved_ && table_->digest_now() == digest_of(*perhaps_saved_);
    if (other) saved_ = *perhaps_saved_;
    memory_ = saved_;
  }
  check_memory("reload");
}

void player::compact() {
  if (!table_->is_open()) return;
  const auto started = disk_.operations();
  if (const auto done = table_->compact(); !done) {
    return failed("compact", started, done.error(), nullptr);
  }
  check_memory("compact");
}

void player::recover() {
  if (!table_->is_open()) return;
  if (const auto stats = table_->stats(); !stats || !stats->fenced) {
    return found_wrong("recover was to find a fenced table");
  }
  const auto started = disk_.operations();
  if (const auto done = table_->recover(); !done) {
    return failed("recover", started, done.error(), &memory_);
  }
  name_in_doubt_ = false;
  oracle_.happened(started, memory_);
  promise(fall::power);
  saved_ = memory_;
  perhaps_saved_.reset();
  check_memory("recover");
}

// --- failures ---

void player::failed(const char* verb, std::uint64_t started, const error& why,
                    const entries* perhaps) {
  const bool was_expected = expected_ && why == *expected_;
  expected_.reset();
  if (!was_expected) {
    ++failures_;
    if (policy_ == on_failure::complain) {
      found_wrong(std::string(verb) + " failed: " + why.message());
    }
  }
  // Only a call that failed with indeterminate may be in the file; close and recover do more than
  // one thing.
  const bool in_doubt = why == errc::indeterminate || std::string_view(verb) == "close" ||
                        std::string_view(verb) == "recover" || std::string_view(verb) == "open";
  if (perhaps != nullptr && in_doubt) {
    oracle_.may_have_happened(started, *perhaps);
    if (mode_ == write_mode::back) perhaps_saved_ = *perhaps;
  }
  oracle_.disk_failed(started);
  if (syncs_may_fail_ && exists_ && !table_->is_open()) name_in_doubt_ = true;
  if (!table_->is_open()) return;
  check_memory(verb);
  const auto stats = table_->stats();
  if (stats && stats->fenced) was_fenced_ = true;
  if (policy_ == on_failure::heal) recover_from_fence();
}

void player::recover_from_fence() {
  const auto stats = table_->stats();
  if (!stats) return found_wrong("no stats: " + stats.error().message());
  if (!stats->fenced) return;
  disk_.clear_faults();
  const auto started = disk_.operations();
  if (const auto done = table_->recover(); !done) {
    return found_wrong("recover failed without a fault: " + done.error().message());
  }
  name_in_doubt_ = false;
  oracle_.happened(started, memory_);
  promise(fall::power);
  saved_ = memory_;
  perhaps_saved_.reset();
  check_memory("recover");
}

void player::promise(fall survived) {
  oracle_.promise(disk_.operations(), name_in_doubt_ ? fall::kill : survived);
}

void player::settle() {
  disk_.clear_faults();
  policy_ = on_failure::heal;
  if (table_->is_open()) {
    recover_from_fence();
  } else {
    open(how_);
  }
  policy_ = on_failure::complain;
  insert(99, "1");
  close();
  table_->abandon();  // the handle goes: a closed one keeps the directory
  if (disk_.open_descriptors() != 0) found_wrong("a closed table keeps a descriptor");
  if (disk_.locks_held() != 0) found_wrong("a closed table keeps a lock");
  open(how_);
  close();
  if (disk_.files() != std::vector<std::string>{file_name}) found_wrong("files are left behind");
}

void player::check_memory(const char* verb) {
  const auto seen = table_->digest_now();
  if (seen == digest_of(memory_)) return;
  found_wrong("after " + std::string(verb) + " memory holds " + to_text(table_->all()) +
              " instead of " + to_text(memory_));
  memory_ = table_->all();
}

}  // namespace shelf::crash
