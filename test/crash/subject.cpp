// TEST  crash
// The typed tables behind the subjects.
#include "crash/subject.hpp"

#include "shelf/shelf.hpp"

#include <cassert>
#include <cstdlib>
#include <optional>

namespace shelf::crash {
namespace before {
struct record {
  std::string text;
};
}  // namespace before
namespace after {
struct record {
  std::string text;
  std::int64_t visits = 0;
};
}  // namespace after

namespace {

constexpr std::size_t most_shown = 600;

template <class V>
std::string text_of(const V& value) {
  if constexpr (std::is_same_v<V, std::string>) {
    return value;
  } else if constexpr (std::is_integral_v<V>) {
    return std::to_string(value);
  } else {
    return value.text;
  }
}

template <class V>
V value_of(const std::string& text) {
  if constexpr (std::is_same_v<V, std::string>) {
    return text;
  } else if constexpr (std::is_integral_v<V>) {
    return std::strtoll(text.c_str(), nullptr, 10);
  } else {
    V made;
    made.text = text;
    return made;
  }
}

template <class T>
result<> without_value(const result<T>& r) {
  if (!r) return std::unexpected(r.error());
  return {};
}

template <class Table>
class typed : public subject {
 protected:
  using V = typename Table::mapped_type;
  using config = typename Table::config;

 public:
  result<> open(file::system* system, const how& h) override {
    config c;
    c.path = h.path;
    c.mode = h.mode;
    c.opening = h.opening;
    c.format = h.format;
    c.io = h.io;
    c.sync_every = h.sync_every;
    c.file_system = h.file_system;
    c.access = h.access;
    c.compaction = h.compaction;
    c.missing_fields = missing_fields::use_defaults;
    c.on_error = [](const error&) {};
    c.system = system;
    set_up(c);
    auto opened = Table::open(std::move(c));
    if (!opened) return std::unexpected(opened.error());
    if (table_) table_->abandon();
    table_.emplace(std::move(*opened));
    return {};
  }
  ~typed() override { abandon(); }

  result<> insert(std::int64_t key, const std::string& value) override {
    return without_value(table_->insert(key, value_of<V>(value)));
  }
  result<> insert_range(const std::vector<pair>& pairs) override {
    std::vector<std::pair<std::int64_t, V>> made;
    for (const auto& [key, value] : pairs) made.emplace_back(key, value_of<V>(value));
    return without_value(table_->insert_range(made));
  }
  result<> write(const std::vector<step>& steps) override {
    batch<std::int64_t, V> changes;
    for (const auto& [key, value] : steps) {
      value ? changes.insert(key, value_of<V>(*value)) : changes.erase(key);
    }
    return without_value(table_->write(changes));
  }
  result<> erase(std::int64_t key) override { return without_value(table_->erase(key)); }
  result<> erase(std::int64_t key, const std::string& value) override {
    return without_value(table_->erase(key, value_of<V>(value)));
  }
  result<> clear() override { return without_value(table_->clear()); }
  result<> add(std::int64_t key, std::int64_t delta) override {
    if constexpr (std::is_integral_v<V>) {
      return without_value(table_->update_counter(key, delta, {.initial = 0}));
    } else {
      return std::unexpected(error(errc::invalid_argument));
    }
  }
  result<> save() override { return table_->save(); }
  result<> sync() override { return table_->sync(); }
  result<> reload() override { return table_->reload(); }
  result<> compact() override { return table_->compact(); }
  result<> recover() override { return table_->recover(); }
  result<> close() override { return table_->close(); }
  void abandon() override {
    if (!table_) return;
    table_->abandon();
    table_.reset();
  }
  bool is_open() const override { return table_ && table_->is_open(); }
  result<table_stats> stats() const override { return table_->stats(); }

  std::uint64_t digest_now() const override {
    digest d;
    for_each_value([&](std::int64_t key, std::size_t index, const V& value) {
      d.add(key, index, shown(key, value));
    });
    return d.value();
  }
  entries all() const override {
    entries found;
    for_each_value([&](std::int64_t key, std::size_t, const V& value) {
      found[key].push_back(shown(key, value));
    });
    return found;
  }

 protected:
  virtual void set_up(config& /*c*/) const {}
  /// What the model calls an entry like this.
  [[nodiscard]] virtual std::string shown(std::int64_t /*key*/, const V& value) const {
    return text_of(value);
  }
  [[nodiscard]] Table& table() const { return *table_; }

 private:
  template <class F>
  void for_each_value(F f) const {
    std::optional<std::int64_t> last;
    std::size_t index = 0;
    table_->for_each([&](const std::int64_t& key, const V& value) {
      index = last == key ? index + 1 : 0;
      last = key;
      f(key, index, value);
    });
  }

  mutable std::optional<Table> table_;
};

/// Deadlines that no run reaches: an entry's follows from the key and the value, those of a range
/// are all alike, and batches give the table's own.
class expiring final : public typed<map<std::int64_t, std::string>> {
 public:
  result<> insert(std::int64_t key, const std::string& value) override {
    return without_value(table().insert(key, value, expiry::at(own_deadline(key, value))));
  }
  result<> insert_range(const std::vector<pair>& pairs) override {
    return without_value(table().insert_range(pairs, expiry::at(year_2100)));
  }

 private:
  using moment = std::chrono::sys_time<std::chrono::milliseconds>;
  static constexpr moment year_2100{std::chrono::sys_days{std::chrono::year{2100} / 1 / 1}};
  static constexpr std::chrono::years ttl{200};

  static moment own_deadline(std::int64_t key, const std::string& value) {
    return year_2100 + std::chrono::hours(1 + key) + std::chrono::minutes(value.size());
  }
  void set_up(config& c) const override { c.ttl = ttl; }
  std::string shown(std::int64_t key, const std::string& value) const override {
    const auto until = table().expires_at(key);
    const bool fits = until && *until &&
                      (**until == own_deadline(key, value) || **until == year_2100 ||
                       **until > year_2100 + ttl / 2);
    return fits ? value : value + " until another time";
  }
};

/// Changes are kept in the file, with what they replaced where that can be.
class audited final : public typed<map<std::int64_t, std::string>> {
  void set_up(config& c) const override {
    c.history = {.bytes = 1 << 20, .before = c.mode != write_mode::back};
  }
};

/// A program of yesterday or of today.
class records final : public subject {
 public:
  result<> open(file::system* system, const how& h) override {
    abandon();
    if (h.extended) {
      now_ = std::make_unique<typed<map<std::int64_t, after::record>>>();
    } else {
      now_ = std::make_unique<typed<map<std::int64_t, before::record>>>();
    }
    return now_->open(system, h);
  }
  result<> insert(std::int64_t key, const std::string& value) override {
    return now_->insert(key, value);
  }
  result<> insert_range(const std::vector<pair>& pairs) override {
    return now_->insert_range(pairs);
  }
  result<> erase(std::int64_t key) override { return now_->erase(key); }
  result<> erase(std::int64_t key, const std::string& value) override {
    return now_->erase(key, value);
  }
  result<> write(const std::vector<step>& steps) override { return now_->write(steps); }
  result<> clear() override { return now_->clear(); }
  result<> add(std::int64_t key, std::int64_t delta) override { return now_->add(key, delta); }
  result<> save() override { return now_->save(); }
  result<> sync() override { return now_->sync(); }
  result<> reload() override { return now_->reload(); }
  result<> compact() override { return now_->compact(); }
  result<> recover() override { return now_->recover(); }
  result<> close() override { return now_->close(); }
  void abandon() override {
    if (now_) now_->abandon();
    now_.reset();
  }
  bool is_open() const override { return now_ && now_->is_open(); }
  result<table_stats> stats() const override { return now_->stats(); }
  std::uint64_t digest_now() const override { return now_->digest_now(); }
  entries all() const override { return now_->all(); }

 private:
  std::unique_ptr<subject> now_;
};

}  // namespace

std::unique_ptr<subject> make_subject(flavour f) {
  switch (f) {
    case flavour::map: return std::make_unique<typed<map<std::int64_t, std::string>>>();
    case flavour::ordered_map:
      return std::make_unique<typed<ordered_map<std::int64_t, std::string>>>();
    case flavour::bag: return std::make_unique<typed<bag<std::int64_t, std::string>>>();
    case flavour::duplicate_bag:
      return std::make_unique<typed<duplicate_bag<std::int64_t, std::string>>>();
    case flavour::counters: return std::make_unique<typed<map<std::int64_t, std::int64_t>>>();
    case flavour::records: return std::make_unique<records>();
    case flavour::expiring: return std::make_unique<expiring>();
    case flavour::audited: return std::make_unique<audited>();
    case flavour::database: return make_database_subject();
  }
  std::unreachable();
}

std::string to_string(flavour f) {
  switch (f) {
    case flavour::map: return "map";
    case flavour::ordered_map: return "ordered_map";
    case flavour::bag: return "bag";
    case flavour::duplicate_bag: return "duplicate_bag";
    case flavour::counters: return "counters";
    case flavour::records: return "records";
    case flavour::expiring: return "expiring";
    case flavour::audited: return "audited";
    case flavour::database: return "database";
  }
  std::unreachable();
}

std::string to_string(write_mode mode) {
  switch (mode) {
    case write_mode::through: return "through";
    case write_mode::back: return "back";
    case write_mode::durable: return "durable";
  }
  std::unreachable();
}

flavour flavour_named(std::string_view name) {
  for (const auto f :
       {flavour::map, flavour::ordered_map, flavour::bag, flavour::duplicate_bag, flavour::counters,
        flavour::records, flavour::expiring, flavour::audited, flavour::database}) {
    if (to_string(f) == name) return f;
  }
  std::abort();
}

bool is_native_only(flavour f) noexcept {
  return f == flavour::ordered_map || f == flavour::expiring || f == flavour::audited ||
         f == flavour::database;
}

bool is_bag(flavour f) noexcept { return f == flavour::bag || f == flavour::duplicate_bag; }

std::string to_text(const entries& all) {
  std::string text = "{";
  for (const auto& [key, values] : all) {
    text += std::to_string(key) + ":";
    for (const auto& value : values) {
      text += " " + value.substr(0, 12);
      if (value.size() > 12) text += ".. (" + std::to_string(value.size()) + " bytes)";
    }
    text += "; ";
    if (text.size() > most_shown) return text + "...}";
  }
  return text + "}";
}

}  // namespace shelf::crash
