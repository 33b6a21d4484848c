// CLI  [cli] -> rows -> upkeep -> engine -> stores -> journal -> file
// The table says of each row what it did; of a new file the hashes of its keys tell.
#include "cli/files/row_sink.hpp"

#include <algorithm>
#include <compare>
#include <deque>
#include <functional>
#include <string_view>

namespace shelf::cli {
namespace {

class table_sink final : public row_sink {
 public:
  explicit table_sink(native_table table) : table_(std::move(table)) {}
  table_sink(const table_sink&) = delete;
  table_sink& operator=(const table_sink&) = delete;
  ~table_sink() override { table_.core().abandon(); }

  result<> add(const row& entry) override {
    const auto done = insert(entry);
    if (!done) return std::unexpected(done.error());
    switch (*done) {
      case written::added: ++counts_.added; break;
      case written::replaced: ++counts_.replaced; break;
      case written::unchanged: ++counts_.unchanged; break;
    }
    return {};
  }
  result<> publish() override {
    if (auto saved = table_.core().save(); !saved) return saved;
    // All is on disk. A file that could not be sealed is one that the next open reads to its end.
    static_cast<void>(table_.close());
    return {};
  }
  std::optional<row_counts> counts() override { return counts_; }

 private:
  [[nodiscard]] result<written> insert(const row& entry) {
    const auto key = entry.key.encoded();
    const auto value = entry.value.encoded();
    const auto at = detail::moment_of(entry.until);
    if (!at) return table_.core().insert(key, value);
    return table_.core().insert_expiring(key, value, expiry::at(*at), false);
  }

  native_table table_;
  row_counts counts_;
};

/// Which rows repeat others, by hashes: wrong only where two keys collide in 64 bits, or two values
/// of a key in 32.
class repetitions {
 public:
  explicit repetitions(kind what) : what_(what) {}

  void see(const row& entry) {
    ++rows_;
    if (what_ == kind::duplicate_bag) return;
    const std::hash<std::string_view> hash;
    const auto key = entry.key.encoded();
    const auto of_value = hash(as_text(entry.value.encoded())) ^ ~(entry.until * a_prime);
    // In a bag a row is itself by its value, too.
    const auto mixed = is_bag(what_) ? of_value * a_prime : 0;
    seen_.push_back({.row = hash(as_text(key)) ^ mixed,
                     .number = static_cast<std::uint32_t>(rows_),
                     .value = static_cast<std::uint32_t>(of_value >> 32)});
  }
  [[nodiscard]] row_counts count() {
    std::ranges::sort(seen_);
    row_counts counts;
    for (std::size_t i = 1; i < seen_.size(); ++i) {
      if (seen_[i].row != seen_[i - 1].row) continue;
      ++(seen_[i].value == seen_[i - 1].value ? counts.unchanged : counts.replaced);
    }
    counts.added = rows_ - counts.replaced - counts.unchanged;
    return counts;
  }

 private:
  static constexpr std::uint64_t a_prime = 0x9E3779B97F4A7C15U;
  struct row_hash {
    std::uint64_t row;
    std::uint32_t number;  ///< in the input
    std::uint32_t value;

    auto operator<=>(const row_hash&) const = default;
  };
  kind what_;
  std::uint64_t rows_ = 0;
  std::deque<row_hash> seen_;  ///< in the order of the rows
};

class file_sink final : public row_sink {
 public:
  file_sink(std::unique_ptr<detail::file_builder> file, std::optional<kind> counted)
      : file_(std::move(file)) {
    if (counted) repetitions_.emplace(*counted);
  }
  result<> add(const row& entry) override {
    auto added = file_->add_until(entry.key.encoded(), entry.value.encoded(), entry.until);
    if (added && repetitions_) repetitions_->see(entry);
    return added;
  }
  result<> publish() override { return file_->publish(); }
  std::optional<row_counts> counts() override {
    return repetitions_ ? std::optional(repetitions_->count()) : std::nullopt;
  }

 private:
  std::unique_ptr<detail::file_builder> file_;
  std::optional<repetitions> repetitions_;
};

}  // namespace

std::unique_ptr<row_sink> make_table_sink(native_table table) {
  return std::make_unique<table_sink>(std::move(table));
}

std::unique_ptr<row_sink> make_file_sink(std::unique_ptr<detail::file_builder> file, kind what) {
  return std::make_unique<file_sink>(std::move(file), what);
}

std::unique_ptr<row_sink> make_uncounted_sink(std::unique_ptr<detail::file_builder> file) {
  return std::make_unique<file_sink>(std::move(file), std::nullopt);
}

}  // namespace shelf::cli
