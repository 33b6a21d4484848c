// SUITE  every verb over every kind, write mode and store
// Random writes over all kinds and write modes: after each, every index equals one built anew, and
// a write is refused if and only if two entries would have one unique key.
#include "budget.hpp"
#include "suite/index_ground.hpp"

namespace shelf::suite {
namespace {

/// Whether a set of entries has a unique key twice.
[[nodiscard]] bool clash(const std::vector<person_entry>& all) {
  std::set<std::string> emails;
  return !std::ranges::all_of(all,
                              [&](const auto& e) { return emails.insert(e.second.email).second; });
}

template <kind Kind>
class people_model {
 public:
  using people = people_of<Kind>;

  people_model(keeping how, std::uint64_t seed) : ground_(how), dice_(seed), t_(open()) {}

  void step() {
    const auto before = entries_now();
    const auto moment = t_.snapshot();
    write();
    if (::testing::Test::HasFatalFailure()) return;
    ASSERT_EQ(entries_now(), wanted_);
    ASSERT_NO_FATAL_FAILURE(expect_indexes_hold(t_.snapshot()));
    // A snapshot's indexes are as old as its entries.
    if (dice_.roll(8) != 0) return;
    wanted_ = before;
    ASSERT_EQ(sorted(moment), before);
    ASSERT_NO_FATAL_FAILURE(expect_indexes_hold(moment));
  }

 private:
  [[nodiscard]] people open() {
    if (ground_.how == keeping::memory) return people::in_memory();
    typename people::config c;
    c.path = path;
    c.mode = mode_of(ground_.how);
    c.system = &ground_.disk;
    return or_throw(people::open(std::move(c)));
  }
  void reopen() {
    if (ground_.how == keeping::memory) return;
    or_throw(t_.close());
    t_ = open();
  }
  [[nodiscard]] std::vector<person_entry> entries_now() const { return sorted(t_.snapshot()); }

  // The model: all entries, those of a key in their order.
  void put(std::vector<person_entry>& all, const person_entry& e) {
    if constexpr (!is_bag(Kind))
      std::erase_if(all, [&](const auto& a) { return a.first == e.first; });
    const bool is_there = std::ranges::find(all, e) != all.end();
    if (Kind == kind::bag && is_there) return;
    all.insert(std::ranges::upper_bound(all, e.first, {}, &person_entry::first), e);
  }
  void drop(std::vector<person_entry>& all, const std::string& key, const person* p = nullptr) {
    std::erase_if(
        all, [&](const auto& a) { return a.first == key && (p == nullptr || a.second == *p); });
  }
  /// What was written is wanted, unless it clashes: then it must have been refused.
  template <class R>
  void judge(const R& done, std::vector<person_entry> after, bool clashes) {
    if (!clashes) {
      ASSERT_TRUE(ok(done));
      wanted_ = std::move(after);
      return;
    }
    ASSERT_FALSE(done.has_value());
    ASSERT_EQ(done.error(), errc::key_already_present);
    ASSERT_NE(done.error().message().find("unique index email"), std::string::npos);
  }
  /// Entries one after the other; whether one of them clashes on top of those before.
  bool put_all(std::vector<person_entry>& all, const std::vector<person_entry>& some) {
    for (const auto& e : some) {
      put(all, e);
      if (clash(all)) return true;
    }
    return false;
  }

  void write() {
    wanted_ = entries_now();
    auto after = wanted_;
    const auto key = dice_.key();
    const auto p = dice_.one();
    const auto what = dice_.roll(20);
    if (what < 6) {
      put(after, {key, p});
      return judge(t_.insert(key, p), after, clash(after));
    }
    if (what < 8) {
      const auto some = dice_.some(4);
      const bool clashes = put_all(after, some);
      return judge(t_.insert_range(some), after, clashes);
    }
    if (what == 8) return write_batch(after);
    if (what == 9) {
      drop(after, key);
      return judge(t_.erase(key), after, false);
    }
    if (what == 10 && !wanted_.empty()) {
      const auto& [k, v] =
          wanted_[static_cast<std::size_t>(dice_.roll(static_cast<int>(wanted_.size())))];
      drop(after, k, &v);
      return judge(t_.erase(k, v), after, false);
    }
    if (what == 11 && dice_.roll(10) == 0) return judge(t_.clear(), {}, false);
    if (what == 12) {
      std::erase_if(after, [](const auto& a) { return a.second.age == 0; });
      return judge(t_.erase_if([](const std::string&, const person& q) { return q.age == 0; }),
                   after, false);
    }
    if (what == 13 && dice_.roll(4) == 0) return reopen();
    if (what == 14 && ground_.how != keeping::memory) {
      if (dice_.roll(3) == 0) or_throw(t_.save());
      if (ground_.how != keeping::back) return judge(t_.reload(), after, false);
      return;
    }
    if (what == 15 && ground_.how != keeping::memory) return judge(t_.compact(), after, false);
    if constexpr (!is_bag(Kind)) write_map(key, p, what);
  }
  void write_batch(std::vector<person_entry> after) {
    batch<std::string, person> b;
    bool clashes = false;
    for (int left = dice_.roll(6); left > 0; --left) {
      const auto key = dice_.key();
      if (dice_.roll(3) == 0) {
        b.erase(key);
        if (!clashes) drop(after, key);
      } else {
        const auto p = dice_.one();
        b.insert(key, p);
        if (!clashes) clashes = put_all(after, {{key, p}});
      }
    }
    judge(t_.write(b), after, clashes);
  }
  void write_map(const std::string& key, const person& p, int what) {
    auto after = wanted_;
    const bool is_there = std::ranges::find(after, key, &person_entry::first) != after.end();
    const auto age = [](person q) {
      ++q.age;
      return q;
    };
    const auto change = [&](const auto& f) {
      for (auto& [k, q] : after) {
        if (k == key) f(q);
      }
    };
    if (what == 16) {
      change([](person& q) { ++q.age; });
      if (!is_there) put(after, {key, p});
      return judge(t_.upsert(key, p, age), after, clash(after));
    }
    if (what == 17 && is_there) {
      change([&](person& q) { q.email = p.email; });
      return judge(t_.template assign<&person::email>(key, p.email), after, clash(after));
    }
    if (what == 18) {
      const auto done = t_.insert_new(key, p);
      if (is_there) {
        ASSERT_TRUE(refuses(done, errc::key_already_present));
        return;
      }
      put(after, {key, p});
      return judge(done, after, clash(after));
    }
    if (what == 19 && is_there) {
      drop(after, key);
      return judge(t_.take(key), after, false);
    }
  }

  ground<Kind> ground_;
  people_dice dice_;
  people t_;
  std::vector<person_entry> wanted_;
};

template <kind Kind>
void play() {
  for (const auto how : every_keeping) {
    for (std::uint64_t seed = 1; seed <= test::budgeted(6); ++seed) {
      SCOPED_TRACE(std::string(to_string(how)) + " seed " + std::to_string(seed));
      people_model<Kind> model(how, seed);
      for (int i = 0; i < 150; ++i) {
        ASSERT_NO_FATAL_FAILURE(model.step()) << "step " << i;
      }
    }
  }
}

TEST(IndexModel, EveryIndexOfAMapEqualsOneBuiltAnewAfterEachWrite) { play<kind::set>(); }
TEST(IndexModel, EveryIndexOfAnOrderedMapEqualsOneBuiltAnewAfterEachWrite) {
  play<kind::ordered_set>();
}
TEST(IndexModel, EveryIndexOfABagEqualsOneBuiltAnewAfterEachWrite) { play<kind::bag>(); }
TEST(IndexModel, EveryIndexOfADuplicateBagEqualsOneBuiltAnewAfterEachWrite) {
  play<kind::duplicate_bag>();
}

}  // namespace
}  // namespace shelf::suite
