// SIMULATION  [simulation] -> file
// Every disk that a crash may legally leave: which decisions are tried, in which order, and each
// disk once.
#include "simulation/crash_states.hpp"

#include "simulation/crash_space.hpp"

#include <algorithm>
#include <cassert>
#include <unordered_set>
#include <utility>
#include <vector>

namespace shelf::simulation {
namespace {

constexpr std::size_t most_pieces_for_all_subsets = 12;
constexpr std::size_t random_subsets = 4096;

/// Which pieces are kept, as a list that is never built: entry i is worked out when asked for.
class kept_list {
 public:
  kept_list(std::size_t pieces, std::uint64_t seed) : pieces_(pieces), seed_(seed) {}

  [[nodiscard]] bool is_complete() const noexcept { return pieces_ <= most_pieces_for_all_subsets; }
  [[nodiscard]] std::size_t size() const noexcept {
    if (is_complete()) return std::size_t{1} << pieces_;
    return prefixes() + 2 * pieces_ + pairs() + random_subsets;
  }
  void choose(std::size_t i, std::vector<bool>& kept) const {
    kept.assign(pieces_, true);
    if (is_complete()) {
      for (std::size_t p = 0; p < pieces_; ++p) kept[p] = (i >> p & 1) != 0;
    } else if (i < prefixes()) {
      std::fill(kept.begin() + static_cast<std::ptrdiff_t>(i), kept.end(), false);
    } else if ((i -= prefixes()) < pieces_) {
      kept[i] = false;
    } else if ((i -= pieces_) < pieces_) {
      kept.assign(pieces_, false);
      kept[i] = true;
    } else if ((i -= pieces_) < pairs()) {
      std::size_t first = 0;
      for (std::size_t behind = pieces_ - 1; i >= behind; --behind, ++first) i -= behind;
      kept[first] = kept[first + 1 + i] = false;
    } else {
      chooser choose(seed_ + i);
      const std::size_t density = choose.below(15) + 1;
      for (std::size_t p = 0; p < pieces_; ++p) kept[p] = choose.below(16) < density;
    }
  }

 private:
  [[nodiscard]] std::size_t prefixes() const noexcept { return pieces_ + 1; }
  [[nodiscard]] std::size_t pairs() const noexcept { return pieces_ * (pieces_ - 1) / 2; }

  std::size_t pieces_;
  std::uint64_t seed_;
};

/// Every way to tear one piece: at each of its bytes, the head or the tail new, among all, only
/// earlier or no other pieces.
class torn_list {
 public:
  torn_list(const std::vector<crash_piece>& pieces, bool wanted) {
    if (!wanted) return;
    for (const crash_piece& piece : pieces) {
      ends_.push_back(size() + (piece.size() > 1 ? (piece.size() - 1) * ways : 0));
    }
  }
  [[nodiscard]] std::size_t size() const noexcept { return ends_.empty() ? 0 : ends_.back(); }

  void choose(std::size_t i, crash_plan& plan) const {
    const auto found = std::ranges::upper_bound(ends_, i);
    plan.torn = static_cast<std::size_t>(found - ends_.begin());
    i -= plan.torn == 0 ? 0 : ends_[plan.torn - 1];
    plan.torn_at = i / ways + 1;
    plan.torn_head_kept = i % 2 == 0;
    const std::size_t among = i % ways / 2;
    plan.kept.assign(ends_.size(), among == 0);
    if (among == 1) {
      std::fill_n(plan.kept.begin(), static_cast<std::ptrdiff_t>(plan.torn), true);
    }
  }

 private:
  static constexpr std::size_t ways = 6;
  std::vector<std::size_t> ends_;
};

/// One crash point: walks through the decisions and shows each different disk once.
class walk final : public crash_state {
 public:
  walk(const disk_image& image, const history& past, std::size_t at, const crash_options& options,
       const crash_visitor& visit)
      : past_(past),
        at_(at),
        options_(options),
        visit_(visit),
        space_(image, options.weak_directories, options.seed),
        kept_(space_.pieces().size(), options.seed),
        torn_(space_.pieces(), options.torn_pieces) {}

  crash_tally run() {
    const std::size_t choices =
        (kept_.size() + torn_.size()) * space_.length_choices() * space_.entry_choices() * fills();
    if (choices <= options_.budget) {
      tally_.exhaustive = space_.is_complete() && kept_.is_complete();
      everything();
    } else {
      tally_.exhaustive = false;
      corners();
      by_chance();
    }
    return tally_;
  }

  /// One decision by chance.
  std::unique_ptr<simulated_disk> pick() {
    chooser choose(options_.seed);
    choose_by_chance(choose);
    space_.decide(plan_);
    return std::make_unique<simulated_disk>(space_.image(!options_.lying_disk),
                                            disk_options{.seed = options_.seed});
  }

  [[nodiscard]] std::size_t at() const noexcept override { return at_; }
  [[nodiscard]] std::size_t number() const noexcept override { return tally_.states - 1; }
  [[nodiscard]] std::string describe() const override {
    std::string text = "power cut after operation " + std::to_string(at_) + " of " +
                       std::to_string(past_.operations.size());
    if (at_ > 0) text += " (" + to_string(past_.operations[at_ - 1]) + ")";
    return text + ", state " + std::to_string(number()) + ": " + space_.describe(plan_);
  }

 private:
  [[nodiscard]] std::size_t fills() const noexcept {
    return options_.stale_blocks ? space_.fills()
                                 : static_cast<std::size_t>(crash_fill::deleted_file);
  }
  [[nodiscard]] bool full() const noexcept { return tally_.states >= options_.budget; }

  void choose_data(std::size_t i) {
    plan_.torn = crash_plan::no_piece;
    if (i < kept_.size()) {
      kept_.choose(i, plan_.kept);
    } else {
      torn_.choose(i - kept_.size(), plan_);
    }
  }

  void everything() {
    for (std::size_t data = 0; data < kept_.size() + torn_.size(); ++data) {
      choose_data(data);
      for (plan_.lengths = 0; plan_.lengths < space_.length_choices(); ++plan_.lengths) {
        for (plan_.entries = 0; plan_.entries < space_.entry_choices(); ++plan_.entries) {
          show_all_fills();
        }
      }
    }
  }

  /// Each dimension by itself, the others at their ends.
  void corners() {
    plan_.lengths = space_.last_lengths();
    plan_.entries = space_.all_entries();
    strided(kept_.size(), options_.budget / 3, [&](std::size_t i) {
      choose_data(i);
      show_all_fills();
    });
    strided(space_.length_choices() * space_.entry_choices(), options_.budget / 8,
            [&](std::size_t i) {
              plan_.lengths = i % space_.length_choices();
              plan_.entries = i / space_.length_choices();
              plan_.torn = crash_plan::no_piece;
              for (const bool all : {true, false}) {
                plan_.kept.assign(space_.pieces().size(), all);
                show_all_fills();
              }
            });
    plan_.lengths = space_.last_lengths();
    plan_.entries = space_.all_entries();
    strided(torn_.size(), options_.budget / 4, [&](std::size_t i) {
      choose_data(kept_.size() + i);
      show_all_fills();
    });
  }

  template <class F>
  static void strided(std::size_t size, std::size_t most, F f) {
    if (size == 0 || most == 0) return;
    const std::size_t count = std::min(size, most);
    for (std::size_t n = 0; n < count; ++n) f(n * size / count);
  }

  void by_chance() {
    chooser choose(options_.seed ^ at_);
    const std::uint64_t most_generated = tally_.generated + 2 * options_.budget;
    while (!full() && tally_.generated < most_generated) {
      choose_by_chance(choose);
      show();
    }
  }

  void choose_by_chance(chooser& choose) {
    const bool tear = torn_.size() > 0 && choose.below(2) == 0;
    choose_data(tear ? kept_.size() + choose.below(torn_.size()) : choose.below(kept_.size()));
    plan_.lengths = choose.below(space_.length_choices());
    plan_.entries = choose.below(space_.entry_choices());
    plan_.fill = static_cast<crash_fill>(choose.below(fills()));
  }

  void show_all_fills() {
    for (std::size_t fill = 0; fill < fills(); ++fill) {
      plan_.fill = static_cast<crash_fill>(fill);
      if (!show()) return;
    }
  }

  /// True if another fill would make another disk.
  bool show() {
    if (full()) {
      tally_.exhaustive = false;
      return false;
    }
    const auto decided = space_.decide(plan_);
    ++tally_.generated;
    if (!seen_.insert(decided.hash).second) return decided.filled;
    ++tally_.states;
    simulated_disk disk(space_.image(!options_.lying_disk), {.seed = options_.seed});
    visit_(disk, *this);
    return decided.filled;
  }

  const history& past_;
  std::size_t at_;
  const crash_options& options_;
  const crash_visitor& visit_;
  crash_space space_;
  kept_list kept_;
  torn_list torn_;
  crash_plan plan_;
  crash_tally tally_;
  std::unordered_set<std::uint64_t> seen_;
};

/// A kill: the page cache as it was, and the next operation, if it is a write, cut at any page.
class killed final : public crash_state {
 public:
  killed(const disk_image& image, const history& past, std::size_t at)
      : image_(image), past_(past), at_(at) {
    if (at == past.operations.size()) return;
    const disk_operation& next = past.operations[at];
    if (next.what != disk_operation::type::write) return;
    const std::uint64_t end = next.offset + next.data.size();
    const std::uint64_t first = (next.offset / disk_image::page_size + 1) * disk_image::page_size;
    for (std::uint64_t page = first; page < end; page += disk_image::page_size) {
      cuts_.push_back(page - next.offset);
    }
  }

  crash_tally run(const crash_options& options, const crash_visitor& visit) {
    crash_tally tally;
    for (; number_ <= cuts_.size() && number_ < options.budget; ++number_) {
      const auto disk = make(number_, options);
      visit(*disk, *this);
      ++tally.states;
      ++tally.generated;
    }
    tally.exhaustive = number_ > cuts_.size();
    return tally;
  }

  /// State 0: the write under way did nothing; state i: its first i pages came through.
  [[nodiscard]] std::unique_ptr<simulated_disk> make(std::size_t state,
                                                     const crash_options& options) const {
    disk_image image = image_;
    image.collect({});
    if (state > 0) {
      disk_operation part = past_.operations[at_];
      part.data = shared_bytes(part.data.view().first(cuts_[state - 1]));
      image.apply(part);
    }
    return std::make_unique<simulated_disk>(std::move(image), disk_options{.seed = options.seed});
  }

  [[nodiscard]] std::size_t states() const noexcept { return cuts_.size() + 1; }
  [[nodiscard]] std::size_t at() const noexcept override { return at_; }
  [[nodiscard]] std::size_t number() const noexcept override { return number_; }
  [[nodiscard]] std::string describe() const override {
    std::string text = "kill after operation " + std::to_string(at_) + " of " +
                       std::to_string(past_.operations.size());
    if (number_ == 0) return text;
    return text + ", then " + std::to_string(cuts_[number_ - 1]) + " bytes of the " +
           to_string(past_.operations[at_]);
  }

 private:
  const disk_image& image_;
  const history& past_;
  std::size_t at_;
  std::size_t number_ = 0;
  std::vector<std::uint64_t> cuts_;
};

/// The image of a history as it grows.
class replay {
 public:
  replay(const history& past, bool honest) : past_(past), image_(past.start), honest_(honest) {}

  const disk_image& advance_to(std::size_t at) {
    assert(done_ <= at && at <= past_.operations.size());
    for (; done_ < at; ++done_) {
      const disk_operation& next = past_.operations[done_];
      image_.apply(next, honest_);
      // Without this every compaction of a long history would stay with us.
      const disk_node* node = image_.node(next.inode);
      if (next.what == disk_operation::type::sync && node != nullptr &&
          node->what == file_status::type::directory) {
        image_.collect({});
      }
    }
    return image_;
  }

 private:
  const history& past_;
  disk_image image_;
  bool honest_;
  std::size_t done_ = 0;
};

crash_tally visit_point(const disk_image& image, const history& past, std::size_t at,
                        const crash_options& options, const crash_visitor& visit) {
  if (options.crash == crash_options::kind::kill)
    return killed(image, past, at).run(options, visit);
  return walk(image, past, at, options, visit).run();
}

}  // namespace

crash_tally for_each_crash_state(const history& past, std::size_t at, const crash_options& options,
                                 const crash_visitor& visit) {
  replay machine(past, !options.lying_disk);
  return visit_point(machine.advance_to(at), past, at, options, visit);
}

crash_tally for_each_crash_state(const history& past, const crash_options& options,
                                 const crash_visitor& visit, std::size_t from) {
  replay machine(past, !options.lying_disk);
  crash_tally sum;
  for (std::size_t at = from; at <= past.operations.size(); ++at) {
    const crash_tally point = visit_point(machine.advance_to(at), past, at, options, visit);
    sum.states += point.states;
    sum.generated += point.generated;
    sum.exhaustive = sum.exhaustive && point.exhaustive;
  }
  return sum;
}

std::unique_ptr<simulated_disk> random_crash_state(const history& past, std::size_t at,
                                                   const crash_options& options) {
  replay machine(past, !options.lying_disk);
  const disk_image& image = machine.advance_to(at);
  if (options.crash == crash_options::kind::kill) {
    const killed ways(image, past, at);
    return ways.make(chooser(options.seed).below(ways.states()), options);
  }
  return walk(image, past, at, options, {}).pick();
}

std::unique_ptr<simulated_disk> disk_at(const history& past, std::size_t at) {
  return std::make_unique<simulated_disk>(replay(past, true).advance_to(at));
}

}  // namespace shelf::simulation
