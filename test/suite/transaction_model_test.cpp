// SUITE  every verb over every kind, write mode and store
// Random transactions over all kinds, nested ones too, compared with containers of the standard
// library in every step.
#include "budget.hpp"
#include "suite/database_ground.hpp"
#include "suite/table_model.hpp"

#include <algorithm>
#include <iterator>
#include <optional>
#include <random>

namespace shelf::suite {
namespace {

template <class Kind>
class TransactionModel : public each_kind<Kind> {
 protected:
  static constexpr kind this_kind = Kind::value;
  static constexpr bool is_ordered = this_kind == kind::ordered_set;
  using table = typename each_kind<Kind>::table_of_kind;
  using seen = transaction_table<std::string, std::int64_t, this_kind>;

  /// A database with one table of the kind, its model and one seed.
  class run {
   public:
    run(database_ground& g, storage where, std::uint64_t seed)
        : dice_(seed),
          db_(g.open(declare<table>("table", {.storage = where}))),
          t_(or_throw(db_.template table<table>("table", {.storage = where}))) {}

    /// One transaction.
    void step() {
      const auto before = m_;
      const bool fails = roll(4) == 0;
      const auto done = db_.transact([&](transaction& tx) -> result<> {
        EXPECT_EQ(tx.attempt(), 1);
        some(tx, 0);
        if (fails) return std::unexpected(error(errc::overflow));
        return {};
      });
      if (::testing::Test::HasFatalFailure()) return;
      ASSERT_EQ(done.has_value(), !fails) << testing::PrintToString(done);
      if (fails) m_ = before;
      ASSERT_EQ(contents(t_), m_.all());
      ASSERT_EQ(t_.size(), m_.all().size());
    }

   private:
    [[nodiscard]] int roll(int sides) {
      return static_cast<int>(dice_() % static_cast<unsigned>(sides));
    }
    [[nodiscard]] std::string any_key() { return "k" + std::to_string(roll(30)); }

    void some(transaction& tx, int depth) {
      for (int left = roll(12); left > 0; --left) {
        auto t = tx(t_);
        const auto what = roll(16);
        if (what == 0 && depth < 3)
          nest(tx, depth);
        else if (what < 10)
          write(t);
        else
          read(t);
        if (::testing::Test::HasFatalFailure()) return;
      }
    }
    void nest(transaction& tx, int depth) {
      const auto before = m_;
      const bool fails = roll(2) == 0;
      const auto done = tx.nested([&]() -> result<> {
        some(tx, depth + 1);
        if (fails) return std::unexpected(error(errc::not_owner));
        return {};
      });
      ASSERT_EQ(done.has_value(), !fails);
      if (fails) m_ = before;
      auto t = tx(t_);
      read_all(t);
    }
    void write(seen& t) {
      const auto key = any_key();
      const auto value = roll(6);
      switch (roll(12)) {
        case 0: {
          ASSERT_TRUE(ok(t.erase(key)));
          m_.erase(key);
          return;
        }
        case 1:
        case 2: {
          ASSERT_TRUE(ok(t.erase(key, value)));
          m_.erase(key, value);
          return;
        }
        case 3: return insert_range(t);
        case 4: return write_batch(t);
        case 5:
        case 6: return maps_only(t);
        case 7: {
          if (roll(8) != 0) return;
          ASSERT_TRUE(ok(t.clear()));
          m_.now.clear();
          return;
        }
        default: {
          ASSERT_TRUE(ok(t.insert(key, value)));
          m_.insert(key, value);
          return;
        }
      }
    }
    void insert_range(seen& t) {
      entries pairs(static_cast<std::size_t>(roll(10)));
      for (auto& [key, value] : pairs) {
        key = any_key();
        value = roll(6);
      }
      ASSERT_TRUE(ok(t.insert_range(pairs)));
      for (const auto& [key, value] : pairs) m_.insert(key, value);
    }
    void write_batch(seen& t) {
      shelf::batch<std::string, std::int64_t> changes;
      for (int left = roll(10); left > 0; --left) {
        const auto key = any_key();
        const auto value = roll(6);
        const auto what = roll(4);
        if (what == 0) {
          changes.erase(key);
          m_.erase(key);
        } else if (what == 1) {
          changes.erase(key, value);
          m_.erase(key, value);
        } else {
          changes.insert(key, value);
          m_.insert(key, value);
        }
      }
      ASSERT_TRUE(ok(t.write(changes)));
    }
    void maps_only(seen& t) {
      if constexpr (!is_bag(this_kind)) {
        const auto key = any_key();
        const bool there = m_.now.contains(key);
        const auto was = there ? m_.now[key].front() : 0;
        switch (roll(4)) {
          case 0: {
            const auto inserted = t.insert_new(key, 3);
            ASSERT_EQ(inserted.has_value(), !there);
            if (!there) m_.insert(key, 3);
            return;
          }
          case 1: {
            const auto updated = t.update(key, [](std::int64_t v) { return 5 - v; });
            ASSERT_EQ(updated.has_value(), there);
            if (there) m_.insert(key, 5 - was);
            return;
          }
          default: {
            ASSERT_TRUE(ok(t.add(key, 2, {.initial = 1})));
            m_.insert(key, there ? was + 2 : 3);
            return;
          }
        }
      }
    }

    void read(seen& t) {
      switch (roll(is_ordered ? 8 : 4)) {
        case 0: return read_key(t);
        case 1: return read_all(t);
        case 2: {
          ASSERT_EQ(t.size(), m_.all().size());
          ASSERT_EQ(t.empty(), m_.now.empty());
          return;
        }
        case 3: return read_key(t);
        default: return read_order(t);
      }
    }
    void read_key(seen& t) {
      const auto key = any_key();
      ASSERT_EQ(t.contains(key), m_.now.contains(key));
      const auto found = roll(2) == 0 ? t.lookup(key) : t.peek(key);
      std::vector<std::int64_t> shown;
      const auto viewed = t.lookup(key, [&](std::int64_t v) { shown.push_back(v); });
      if (!m_.now.contains(key)) {
        ASSERT_TRUE(refuses(found, errc::not_found));
        ASSERT_TRUE(refuses(viewed, errc::not_found));
        return;
      }
      ASSERT_EQ(shown, m_.now[key]);
      if constexpr (is_bag(this_kind)) {
        ASSERT_EQ(found, m_.now[key]);
      } else {
        ASSERT_EQ(found, m_.now[key].front());
        ASSERT_EQ(t.value_or(key, 99), m_.now[key].front());
      }
    }
    void read_all(seen& t) {
      const auto all = m_.all();
      if constexpr (is_ordered)
        ASSERT_EQ(t.to_vector(), all);
      else
        ASSERT_EQ(sorted(t.to_vector()), all);
      std::vector<std::string> keys;
      for (const auto& key : t.keys()) keys.push_back(key);
      std::ranges::sort(keys);
      ASSERT_EQ(keys.size(), all.size());
      for (std::size_t i = 0; i < keys.size(); ++i) ASSERT_EQ(keys[i], all[i].first);
    }
    void read_order(seen& t) {
      if constexpr (is_ordered) {
        const auto all = m_.all();
        const auto from = any_key();
        const auto to = any_key();
        const auto at = [&](const std::string& key) {
          return std::ranges::lower_bound(all, key, {}, &entries::value_type::first) - all.begin();
        };
        const auto entry_at = [&](std::ptrdiff_t place) {
          const bool there = place >= 0 && place < std::ssize(all);
          return there ? std::optional(all[static_cast<std::size_t>(place)]) : std::nullopt;
        };
        const auto same = [](const auto& found, const auto& expected) {
          return found ? expected == *found : !expected && found.error() == errc::not_found;
        };
        const auto after = at(from) + (m_.now.contains(from) ? 1 : 0);
        ASSERT_TRUE(same(t.first(), entry_at(0)));
        ASSERT_TRUE(same(t.last(), entry_at(std::ssize(all) - 1)));
        ASSERT_TRUE(same(t.lower_bound(from), entry_at(at(from))));
        ASSERT_TRUE(same(t.upper_bound(from), entry_at(after)));
        ASSERT_TRUE(same(t.before(from), entry_at(at(from) - 1)));
        ASSERT_TRUE(same(t.floor(from), entry_at(after - 1)));
        ASSERT_EQ(t.rank(from), static_cast<std::size_t>(at(from)));
        const auto place = roll(32);
        ASSERT_TRUE(same(t.nth(static_cast<std::size_t>(place)), entry_at(place)));

        const auto slice_of = [&](std::ptrdiff_t first, std::ptrdiff_t end) {
          end = std::min(end, std::ssize(all));
          return first < end ? entries(all.begin() + first, all.begin() + end) : entries();
        };
        expect_range(t.range(from, to), slice_of(at(from), at(to)));
        expect_range(t.starting_at(from), slice_of(at(from), std::ssize(all)));
        const auto behind_to = at(to) + (m_.now.contains(to) ? 1 : 0);
        expect_range(t.range(above(from), at_most(to)), slice_of(after, behind_to));
        expect_range(t.range(at_least(from), at_most(to)), slice_of(at(from), behind_to));
        expect_range(t.range(above(from), below(to)), slice_of(after, at(to)));
        expect_range(t.range(above(from)), slice_of(after, std::ssize(all)));
        expect_range(t.range(at_most(to)), slice_of(0, behind_to));
        const auto begins = [&](const auto& e) { return e.first.starts_with(from); };
        entries prefixed;
        std::ranges::copy_if(all, std::back_inserter(prefixed), begins);
        expect_range(t.prefix(from), prefixed);
        const auto first = roll(32);
        const auto end = roll(32);
        expect_range(t.slice(static_cast<std::size_t>(first), static_cast<std::size_t>(end)),
                     slice_of(first, end));
        auto backwards = all;
        std::ranges::reverse(backwards);
        expect_entries(t.reversed(), backwards);
      }
    }
    template <class Range>
    static void expect_entries(const Range& range, const entries& expected) {
      entries found;
      for (const auto& entry : range) found.push_back(entry);
      ASSERT_EQ(found, expected);
      ASSERT_EQ(range.empty(), expected.empty());
    }
    template <class Range>
    static void expect_range(const Range& range, entries expected) {
      expect_entries(range, expected);
      ASSERT_EQ(range.size(), expected.size());
      std::ranges::reverse(expected);
      expect_entries(range.reversed(), expected);
    }

    std::mt19937_64 dice_;
    database db_;
    table t_;
    table_model<this_kind> m_;
  };

  static void many(database_ground& g, storage where, std::uint64_t seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    run one(g, where, seed);
    for (int i = 0; i < 60; ++i) {
      one.step();
      if (::testing::Test::HasFatalFailure()) return;
    }
  }
};
TYPED_TEST_SUITE(TransactionModel, all_kinds, kind_names);

TYPED_TEST(TransactionModel, RandomTransactionsDoWhatTheStandardContainersDo) {
  for (std::uint64_t seed = 1; seed <= test::budgeted(20); ++seed) {
    for (const auto how : in_files) {
      SCOPED_TRACE(to_string(how));
      for (const auto where : {storage::disk, storage::memory}) {
        database_ground g(how);
        TestFixture::many(g, where, seed);
        if (::testing::Test::HasFatalFailure()) return;
      }
    }
  }
}

}  // namespace
}  // namespace shelf::suite
