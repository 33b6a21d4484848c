// TEST  crash
// Two tables of one file as if they were one: even keys in the first, odd ones in the second, and
// what concerns both is a transaction.
#include "crash/subject.hpp"

#include "shelf/database.hpp"

#include <cassert>
#include <optional>

namespace shelf::crash {
namespace {

using even_table = map<std::int64_t, std::string>;
using odd_table = ordered_map<std::int64_t, std::string>;

template <class T>
result<> without_value(const result<T>& r) {
  if (!r) return std::unexpected(r.error());
  return {};
}

class database_subject final : public subject {
 public:
  ~database_subject() override { abandon(); }

  /// The second table is made after the file, so that a crash may come in between.
  result<> open(file::system* system, const how& h) override {
    database_config c;
    c.path = h.path;
    c.mode = h.mode;
    c.opening = h.opening;
    c.io = h.io;
    c.sync_every = h.sync_every;
    c.file_system = h.file_system;
    c.compaction = h.compaction;
    c.on_error = [](const error&) {};
    c.system = system;
    auto opened = database::open(std::move(c), declare<even_table>("even"));
    if (!opened) return std::unexpected(opened.error());
    abandon();
    auto even = opened->template table<even_table>("even");
    auto odd = opened->template table<odd_table>("odd");
    const bool may_lack_it = h.opening == opening::read_only;
    const bool lacks_it = !odd && odd.error() == errc::not_found && may_lack_it;
    if (!even || (!odd && !lacks_it)) {
      const auto why = even ? odd.error() : even.error();
      opened->abandon();
      return std::unexpected(why);
    }
    db_.emplace(std::move(*opened));
    even_.emplace(std::move(*even));
    if (odd) odd_.emplace(std::move(*odd));
    return {};
  }

  result<> insert(std::int64_t key, const std::string& value) override {
    return is_even(key) ? without_value(even_->insert(key, value))
                        : without_value(odd_->insert(key, value));
  }
  result<> insert_range(const std::vector<pair>& pairs) override {
    return transact([&](transaction& tx) -> result<> {
      for (const auto& [key, value] : pairs) {
        if (auto done = insert_in(tx, key, value); !done) return done;
      }
      return {};
    });
  }
  result<> write(const std::vector<step>& steps) override {
    return transact([&](transaction& tx) -> result<> {
      for (const auto& [key, value] : steps) {
        auto done = value ? insert_in(tx, key, *value) : erase_in(tx, key);
        if (!done) return done;
      }
      return {};
    });
  }
  result<> erase(std::int64_t key) override {
    return transact([&](transaction& tx) { return erase_in(tx, key); });
  }
  result<> erase(std::int64_t key, const std::string& value) override {
    return transact([&](transaction& tx) -> result<> {
      return is_even(key) ? tx(*even_).erase(key, value) : tx(*odd_).erase(key, value);
    });
  }
  result<> clear() override {
    return transact([&](transaction& tx) -> result<> {
      auto done = tx(*even_).clear();
      return done ? tx(*odd_).clear() : done;
    });
  }
  result<> add(std::int64_t, std::int64_t) override {
    return std::unexpected(error(errc::invalid_argument));
  }
  result<> save() override { return db_->save(); }
  result<> sync() override { return db_->sync(); }
  result<> reload() override { return db_->reload(); }
  result<> compact() override { return db_->compact(); }
  result<> recover() override { return db_->recover(); }
  result<> close() override { return db_->close(); }
  void abandon() override {
    if (db_) db_->abandon();
    even_.reset();
    odd_.reset();
    db_.reset();
  }
  bool is_open() const override { return db_ && db_->is_open(); }
  result<table_stats> stats() const override {
    const auto all = db_->stats();
    if (!all) return std::unexpected(all.error());
    return all->all;
  }
  std::uint64_t digest_now() const override {
    digest d;
    for (const auto& [key, values] : all()) {
      for (std::size_t i = 0; i < values.size(); ++i) d.add(key, i, values[i]);
    }
    return d.value();
  }
  entries all() const override {
    entries found;
    const auto moment = db_->snapshot();
    for (const auto& [key, value] : moment(*even_)) found[key].push_back(value);
    if (!odd_) return found;
    for (const auto& [key, value] : moment(*odd_)) found[key].push_back(value);
    return found;
  }

 private:
  [[nodiscard]] static bool is_even(std::int64_t key) noexcept { return key % 2 == 0; }
  template <class F>
  [[nodiscard]] result<> transact(F f) {
    return db_->transact(f);
  }
  [[nodiscard]] result<> insert_in(transaction& tx, std::int64_t key, const std::string& value) {
    return is_even(key) ? tx(*even_).insert(key, value) : tx(*odd_).insert(key, value);
  }
  [[nodiscard]] result<> erase_in(transaction& tx, std::int64_t key) {
    return is_even(key) ? tx(*even_).erase(key) : tx(*odd_).erase(key);
  }

  std::optional<database> db_;
  std::optional<even_table> even_;
  std::optional<odd_table> odd_;
};

}  // namespace

std::unique_ptr<subject> make_database_subject() { return std::make_unique<database_subject>(); }

}  // namespace shelf::crash
