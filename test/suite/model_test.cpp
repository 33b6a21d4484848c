// SUITE  every verb over every kind, write mode and store
// Random calls, compared with containers of the standard library after each.
#include "budget.hpp"
#include "suite/ground.hpp"
#include "suite/table_model.hpp"

#include <optional>
#include <random>

namespace shelf::suite {
namespace {

template <class Kind>
class Model : public each_kind<Kind> {
 protected:
  static constexpr kind this_kind = Kind::value;
  using ground_type = ground<this_kind>;
  using table = typename ground_type::table;

  /// One table, its model and one seed.
  class run {
   public:
    run(ground_type& g, std::uint64_t seed) : g_(g), dice_(seed), t_(g.open()) {}

    void step() {
      switch (roll(24)) {
        case 22:
        case 23: return take();
        case 20:
        case 21: return write_batch();
        case 0: return erase_key();
        case 1:
        case 2: return erase_pair();
        case 3: return insert_range();
        case 4: return maps_only();
        case 5: return life();
        case 6: return look_at_snapshots();
        default: return insert();
      }
    }
    void check() {
      ASSERT_EQ(contents(t_), m_.all());
      ASSERT_EQ(t_.size(), m_.all().size());
      const auto key = any_key();
      const auto found = t_.lookup(key);
      ASSERT_EQ(t_.contains(key), m_.now.contains(key));
      if (!m_.now.contains(key)) {
        ASSERT_TRUE(refuses(found, errc::not_found));
      } else if constexpr (is_bag(this_kind)) {
        ASSERT_EQ(found, m_.now[key]);
      } else {
        ASSERT_EQ(found, m_.now[key].front());
      }
    }

   private:
    [[nodiscard]] int roll(int sides) {
      return static_cast<int>(dice_() % static_cast<unsigned>(sides));
    }
    [[nodiscard]] std::string any_key() { return "k" + std::to_string(roll(30)); }
    [[nodiscard]] bool in_memory() const { return g_.how == keeping::memory; }

    void insert() {
      const auto key = any_key();
      const auto value = roll(6);
      ASSERT_EQ(t_.insert(key, value), m_.insert(key, value));
    }
    void insert_range() {
      entries some(static_cast<std::size_t>(roll(40)));
      for (auto& [key, value] : some) {
        key = any_key();
        value = roll(6);
      }
      ASSERT_EQ(t_.insert_range(some), some.size());
      for (const auto& [key, value] : some) m_.insert(key, value);
    }
    void write_batch() {
      shelf::batch<std::string, std::int64_t> changes;
      write_counts expected;
      for (int left = roll(40); left > 0; --left) {
        const auto key = any_key();
        const auto value = roll(6);
        const auto what = roll(4);
        if (what == 0) {
          changes.erase(key);
          expected.erased += m_.erase(key);
        } else if (what == 1) {
          changes.erase(key, value);
          expected.erased += m_.erase(key, value);
        } else {
          changes.insert(key, value);
          const auto done = m_.insert(key, value);
          expected.added += done == written::added ? 1 : 0;
          expected.replaced += done == written::replaced ? 1 : 0;
          expected.unchanged += done == written::unchanged ? 1 : 0;
        }
      }
      ASSERT_EQ(t_.write(changes), expected);
    }
    void erase_key() {
      const auto key = any_key();
      ASSERT_EQ(t_.erase(key), m_.erase(key));
    }
    void erase_pair() {
      const auto key = any_key();
      const auto value = roll(6);
      ASSERT_EQ(t_.erase(key, value), m_.erase(key, value));
    }
    void take() {
      const auto key = any_key();
      auto expected = m_.all();
      if constexpr (this_kind == kind::ordered_set) {
        if (roll(2) == 0) {
          const bool first = roll(2) == 0;
          const auto end = first ? t_.take_first() : t_.take_last();
          ASSERT_EQ(end.has_value(), !expected.empty());
          if (!end) return;
          ASSERT_EQ(*end, first ? expected.front() : expected.back());
          m_.erase(end->first);
          return;
        }
      }
      const bool there = m_.now.contains(key);
      const auto taken = t_.take(key);
      ASSERT_EQ(taken.has_value(), there);
      if (!there) return;
      if constexpr (is_bag(this_kind)) {
        ASSERT_EQ(*taken, m_.now[key]);
      } else {
        ASSERT_EQ(*taken, m_.now[key].front());
      }
      m_.erase(key);
    }
    void maps_only() {
      if constexpr (!is_bag(this_kind)) {
        const auto key = any_key();
        const bool there = m_.now.contains(key);
        switch (roll(6)) {
          case 4: {
            std::optional<std::int64_t> expected;
            if (roll(3) > 0) expected = roll(6);
            std::optional<std::int64_t> desired;
            if (roll(3) > 0) desired = roll(6);
            const auto now = there ? std::optional(m_.now[key].front()) : std::nullopt;
            const bool fits = now == expected;
            ASSERT_EQ(t_.compare_exchange(key, expected, desired).value(), fits);
            ASSERT_EQ(expected, now);
            if (!fits) return;
            if (desired) m_.insert(key, *desired);
            if (!desired) m_.erase(key);
            return;
          }
          case 5: {
            const auto got = t_.upsert(key, 4, [](std::int64_t v) { return 5 - v; });
            m_.insert(key, there ? 5 - m_.now[key].front() : 4);
            ASSERT_EQ(got, m_.now[key].front());
            return;
          }
          case 0: {
            ASSERT_EQ(t_.insert_new(key, 3).has_value(), !there);
            if (!there) m_.insert(key, 3);
            return;
          }
          case 1: {
            const auto other = any_key();
            const bool both_new = !there && !m_.now.contains(other);
            ASSERT_EQ(t_.insert_new_range({{key, 1}, {other, 2}}).has_value(), both_new);
            if (both_new) {
              m_.insert(key, 1);
              m_.insert(other, 2);
            }
            return;
          }
          case 2: {
            const auto counted = t_.update_counter(key, 2, {.initial = 1});
            m_.insert(key, there ? m_.now[key].front() + 2 : 3);
            ASSERT_EQ(counted, m_.now[key].front());
            return;
          }
          default: {
            const auto updated = t_.update(key, [](std::int64_t v) { return 5 - v; });
            ASSERT_EQ(updated.has_value(), there);
            if (there) m_.insert(key, 5 - m_.now[key].front());
            return;
          }
        }
      }
    }
    void life() {
      switch (roll(in_memory() ? 1 : 8)) {
        case 0: {
          const auto count = t_.clear();
          ASSERT_EQ(count, m_.all().size());
          m_.now.clear();
          return;
        }
        case 1:
        case 2: {
          ASSERT_TRUE(ok(t_.save()));
          m_.saved = m_.now;
          return;
        }
        case 3: {
          ASSERT_TRUE(ok(t_.reload()));
          if (g_.how == keeping::back) m_.now = m_.saved;
          return;
        }
        case 4: {
          ASSERT_TRUE(ok(t_.compact()));
          return;
        }
        case 5: {
          g_.reopen(t_);
          m_.saved = m_.now;
          return;
        }
        case 6: {
          t_.abandon();
          t_ = g_.open();
          if (g_.how == keeping::back) m_.now = m_.saved;
          return;
        }
        default: {
          g_.disk.inject(
              {.kind = simulation::call::write, .nth = 1 + dice_() % 2, .error = ENOSPC});
          const bool saved = t_.save().has_value();
          g_.disk.clear_faults();
          if (saved) m_.saved = m_.now;
          return;
        }
      }
    }
    void look_at_snapshots() {
      if (kept_ && roll(2) == 0) {
        ASSERT_EQ(sorted(*kept_), kept_model_);
        kept_.reset();
      } else if (!kept_) {
        kept_.emplace(t_.snapshot());
        kept_model_ = m_.all();
      }
    }

    ground_type& g_;
    std::mt19937_64 dice_;
    table t_;
    table_model<this_kind> m_;
    std::optional<typename table::snapshot_type> kept_;
    entries kept_model_;
  };
};
TYPED_TEST_SUITE(Model, all_kinds, kind_names);

TYPED_TEST(Model, RandomCallsDoWhatTheStandardContainersDo) {
  for (std::uint64_t seed = 1; seed <= test::budgeted(12); ++seed) {
    this->everywhere([&](auto& g) {
      SCOPED_TRACE("seed " + std::to_string(seed));
      typename Model<TypeParam>::run one(g, seed);
      for (int i = 0; i < 300; ++i) {
        one.step();
        if (::testing::Test::HasFatalFailure()) return;
        one.check();
        if (::testing::Test::HasFatalFailure()) return;
      }
    });
    if (::testing::Test::HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace shelf::suite
