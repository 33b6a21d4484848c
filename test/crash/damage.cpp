// TEST  crash
// Files to be harmed, and the verdict on harmed ones.
#include "crash/damage.hpp"

#include "crash/campaign.hpp"
#include "simulation/simulated_disk.hpp"

#include <algorithm>
#include <cstdlib>

namespace shelf::crash {
namespace {

constexpr std::size_t most_violations = 20;

sample make_sample(flavour what, bool sealed) {
  // A seed of its own: no two files are alike.
  const auto own = 2 * static_cast<std::uint64_t>(what) + (sealed ? 1 : 0);
  simulation::simulated_disk disk({.seed = seed() + own});
  const auto table = make_subject(what);
  sample made{.name = to_string(what) + (sealed ? ", sealed" : ", not sealed"),
              .what = what,
              .bytes = {},
              .sealed = sealed,
              .states = {}};
  const auto must = [](const result<>& done) {
    if (!done) std::abort();
  };
  const auto done = [&](const result<>& r) {
    must(r);
    made.states.push_back(table->digest_now());
  };
  done(table->open(&disk, {}));
  done(table->insert(1, "17"));
  done(table->insert_range({{2, "25"}, {3, "33"}, {2, "26"}}));
  done(table->erase(3));
  must(table->close());
  must(table->open(&disk, {}));
  made.closed_state = made.states.size() - 1;
  // With changes of the file before in it.
  if (what == flavour::audited) must(table->compact());
  done(table->insert(4, "4"));
  done(table->insert(1, "18"));
  must(table->sync());
  made.synced_state = made.states.size() - 1;
  done(table->insert(5, "51"));
  done(table->insert(6, "62"));
  if (sealed) {
    must(table->close());
    made.closed_state = made.synced_state = made.states.size() - 1;
  }
  table->abandon();
  made.bytes = *disk.read_all(file_name);
  return made;
}

}  // namespace

/// None of them a DETS file: that has no checksums, and a flipped bit of a value makes another
/// value that nothing tells from the right one. What can be told there, test/dets damages.
std::vector<sample> samples() {
  std::vector<sample> made;
  for (const auto what :
       {flavour::map, flavour::ordered_map, flavour::bag, flavour::duplicate_bag, flavour::counters,
        flavour::records, flavour::expiring, flavour::audited, flavour::database}) {
    for (const bool sealed : {true, false}) made.push_back(make_sample(what, sealed));
  }
  return made;
}

damage_judge::damage_judge(const sample& from) : from_(from), table_(make_subject(from.what)) {}

void damage_judge::judge(const std::vector<std::byte>& harmed, const std::string& how) {
  look(harmed, from_.synced_state, how);
}

void damage_judge::judge_without_proof(const std::vector<std::byte>& harmed,
                                       const std::string& how) {
  look(harmed, from_.closed_state, how);
}

void damage_judge::look(const std::vector<std::byte>& harmed, std::size_t least_state,
                        const std::string& how) {
  ++tried_;
  simulation::simulated_disk disk;
  disk.put(file_name, harmed);
  const auto opened = table_->open(&disk, {.opening = opening::existing});
  if (opened) {
    judge_opened(least_state, how);
    table_->abandon();
    return;
  }
  ++refused_;
  const auto& why = opened.error();
  const bool names_the_byte = why.message().find("byte ") != std::string::npos;
  if (why == errc::corrupt ? !names_the_byte : why != errc::not_a_table) {
    complain(how, "refused without saying where: " + why.message());
  }
  if (*disk.read_all(file_name) != harmed) complain(how, "a refused file was changed");
  if (disk.open_descriptors() != 0) complain(how, "a refused file stays open");
}

void damage_judge::judge_opened(std::size_t least_state, const std::string& how) {
  const auto seen = table_->digest_now();
  if (seen == from_.states.back()) return;
  const auto found = std::ranges::find(from_.states, seen);
  if (found == from_.states.end()) {
    return complain(how, "opened as what it never was: " + to_text(table_->all()));
  }
  ++shortened_;
  if (from_.sealed || static_cast<std::size_t>(found - from_.states.begin()) < least_state) {
    return complain(how, "silently lost writes: " + to_text(table_->all()));
  }
  // Cut exactly where it was closed before, it is the file of that time.
  if (seen == from_.states[from_.closed_state]) return;
  const auto stats = table_->stats();
  if (!stats || stats->recovered_clean) complain(how, "a loss was not reported");
}

void damage_judge::complain(const std::string& how, const std::string& what) {
  if (violations_.size() >= most_violations) return;
  violations_.push_back("SHELF_TEST_SEED=" + std::to_string(seed()) + " " + from_.name + ", " +
                        how + ": " + what);
}

}  // namespace shelf::crash
