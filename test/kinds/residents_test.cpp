// TEST  kinds
// The queues of a bounded table against S3-FIFO written with lists.
#include "kinds/residents.hpp"

#include "kinds/hash.hpp"
#include "kinds/kinds.hpp"

#include <algorithm>
#include <list>
#include <map>
#include <random>
#include <set>

namespace shelf::kinds {
namespace {

/// S3-FIFO over names, as the paper tells it, with one bit, and the ghost list under test.
class reference {
 public:
  explicit reference(std::size_t capacity) : capacity_(capacity) {}

  void read(const std::string& name) { read_.insert(name); }
  [[nodiscard]] bool has(const std::string& name) const {
    return std::ranges::find(small_, name) != small_.end() ||
           std::ranges::find(main_, name) != main_.end();
  }
  /// A name that is not there comes; returns who goes, if somebody does.
  std::vector<std::string> add(const std::string& name) {
    std::vector<std::string> gone;
    while (small_.size() + main_.size() >= capacity_) gone.push_back(evict());
    if (!gone_.empty()) ghosts_.reserve(small_.size() + main_.size() + 1);
    auto& to = ghosts_.take(print_of(name)) ? main_ : small_;
    to.push_back(name);
    return gone;
  }
  void remove(const std::string& name) {
    small_.remove(name);
    main_.remove(name);
    read_.erase(name);
  }

 private:
  [[nodiscard]] static std::uint64_t print_of(const std::string& name) {
    return hash_of_bytes(as_bytes(name), 0);
  }
  std::string evict() {
    for (;;) {
      const bool from_small = main_.empty() || (!small_.empty() && small_.size() >= capacity_ / 5);
      auto& queue = from_small ? small_ : main_;
      const auto name = queue.front();
      queue.pop_front();
      if (read_.erase(name) != 0) {
        main_.push_back(name);
        continue;
      }
      gone_ = name;
      if (from_small) ghosts_.add(print_of(name));
      return name;
    }
  }

  const std::size_t capacity_;
  std::list<std::string> small_;
  std::list<std::string> main_;
  std::set<std::string> read_;
  memory::byte_count held_;
  ghost_list ghosts_{held_};
  std::string gone_;
};

/// Entries in the queues, by name.
class population {
 public:
  explicit population(std::size_t capacity) : capacity_(capacity) {}
  ~population() {
    while (!entries_.empty()) remove(entries_.begin()->first);
  }
  population(const population&) = delete;
  population& operator=(const population&) = delete;

  [[nodiscard]] bool has(const std::string& name) const { return entries_.contains(name); }
  void read(const std::string& name) { entries_.at(name)->note_read(); }
  std::vector<std::string> add(const std::string& name) {
    std::vector<std::string> gone;
    while (all_.count() >= capacity_) gone.push_back(evict());
    auto made = make(name);
    all_.reserve_one();
    all_.add(made.get());
    entries_.emplace(name, std::move(made));
    return gone;
  }
  void remove(const std::string& name) {
    all_.remove(entries_.at(name).get());
    entries_.erase(name);
  }
  /// Another value of the same name.
  void replace(const std::string& name) {
    auto made = make(name);
    all_.replace(entries_.at(name).get(), made.get());
    entries_.at(name) = std::move(made);
  }
  [[nodiscard]] residents& all() { return all_; }
  [[nodiscard]] entry* find(const std::string& name) { return entries_.at(name).get(); }
  [[nodiscard]] const entry* next(const entry* spared) {
    return all_.next(spared, [this](std::size_t n, std::size_t) { return n >= capacity_ / 5; });
  }

 private:
  [[nodiscard]] static entry::owner make(const std::string& name) {
    return entry::make_resident(*entry::make(as_bytes(name), as_bytes("value")));
  }
  std::string evict() {
    const auto name = key_text(next(nullptr));
    remove(name);
    return name;
  }

  const std::size_t capacity_;
  memory::byte_count held_;
  residents all_{held_, 0, true};
  std::map<std::string, entry::owner> entries_;
};

std::string named(std::size_t n) { return "key" + std::to_string(n); }

TEST(Residents, TheSameGoAsInTheReferenceStepByStep) {
  std::mt19937_64 random(1);
  for (const std::size_t capacity : {2u, 5u, 10u, 37u, 200u}) {
    population mine(capacity);
    reference theirs(capacity);
    std::geometric_distribution<int> often(2.0 / static_cast<double>(capacity));
    for (int step = 0; step < 20'000; ++step) {
      const auto n =
          random() % 4 == 0 ? random() % (capacity * 4) : static_cast<std::size_t>(often(random));
      const auto name = named(n);
      ASSERT_EQ(mine.has(name), theirs.has(name)) << capacity << " at " << step;
      if (!mine.has(name)) {
        ASSERT_EQ(mine.add(name), theirs.add(name)) << capacity << " at " << step;
      } else if (random() % 50 == 0) {
        mine.remove(name);
        theirs.remove(name);
      } else {
        if (random() % 10 == 0)
          mine.replace(name);  // a write is a read
        else
          mine.read(name);
        theirs.read(name);
      }
    }
  }
}

TEST(Residents, ReadingAllOfThemEvictsTheOldest) {
  population p(10);
  for (std::size_t i = 0; i < 10; ++i) p.add(named(i));
  for (std::size_t i = 0; i < 10; ++i) p.read(named(i));
  EXPECT_EQ(p.add("fresh").size(), 1u);
  EXPECT_TRUE(p.has("fresh"));
}

TEST(Residents, WhatIsSparedIsNeverNext) {
  population p(3);
  for (const auto* name : {"a", "b", "c"}) p.add(name);
  for (const auto* name : {"a", "b", "c"}) {
    const auto* const spared = p.find(name);
    EXPECT_NE(p.next(spared), spared);
  }
  population one(1);
  one.add("a");
  EXPECT_EQ(one.next(one.find("a")), nullptr);
}

TEST(Residents, AScanPassesByWhatIsReadOften) {
  population p(100);
  const auto ask = [&](const std::string& name) {
    if (p.has(name)) return p.read(name);
    (void)p.add(name);
  };
  for (int round = 0; round < 3; ++round) {
    for (std::size_t i = 0; i < 60; ++i) ask("hot" + named(i));
  }
  for (std::size_t i = 0; i < 10'000; ++i) {
    ask(named(i));
    if (i % 10 == 0) ask("hot" + named(i / 10 % 60));
  }
  std::size_t left = 0;
  for (std::size_t i = 0; i < 60; ++i) left += p.has("hot" + named(i)) ? 1u : 0u;
  EXPECT_EQ(left, 60u);
}

TEST(Residents, WhatIsTakenBackIsAsBefore) {
  population p(10);
  for (std::size_t i = 0; i < 10; ++i) p.add(named(i));
  const auto count = p.all().count();
  const auto bytes = p.all().bytes();
  auto* const there = p.find(named(3));
  p.all().remove(there);
  EXPECT_EQ(p.all().count(), count - 1);
  p.all().take_back(nullptr, there);
  EXPECT_EQ(p.all().count(), count);
  EXPECT_EQ(p.all().bytes(), bytes);
  const auto other = entry::make_resident(*entry::make(as_bytes("x"), as_bytes("longer value")));
  p.all().reserve_one();
  p.all().add(other.get());
  p.all().take_back(other.get(), nullptr);
  EXPECT_EQ(p.all().bytes(), bytes);
}

TEST(Residents, AnEntryOfATableThatEvictsTakesNoMoreThanTwentyFourBytesMore) {
  memory::byte_count held;
  constexpr std::size_t count = 100'000;
  std::vector<entry::owner> entries;
  residents all(held, 0, true);
  std::size_t plain = 0;
  std::size_t resident = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const auto without = entry::make(as_bytes(named(i)), as_bytes("value"));
    entries.push_back(entry::make_resident(*without));
    plain += without->footprint();
    resident += entries.back()->footprint();
    all.reserve_one();
    all.add(entries.back().get());
  }
  EXPECT_LE(static_cast<double>(held.value() + resident - plain) / static_cast<double>(count),
            24.0);
  for (const auto& e : entries) all.remove(e.get());
}

}  // namespace
}  // namespace shelf::kinds
