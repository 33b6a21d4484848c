// CODEC  api -> [codec] -> term
// Names the first difference of two schemas that matters.
#include "codec/schema_tree.hpp"
#include "shelf/detail/schema.hpp"

#include <algorithm>
#include <vector>

namespace shelf::detail {
namespace {

using node = schema_node;

/// So many comparisons at most: alternatives of variants within one another multiply.
constexpr int most_comparisons = 100'000;

/// A schema as a short phrase: what a sentence has room for.
std::string phrase(const node& n) {
  if (n.what == node::form::record) return "record " + std::string(n.word);
  if (n.text.size() <= 60) return std::string(n.text);
  return std::string(n.text.substr(0, 57)) + "...";
}

/// Whether all of `some` are in `all`, in whatever order.
bool includes(std::vector<std::string_view> all, std::vector<std::string_view> some) {
  std::ranges::sort(all);
  std::ranges::sort(some);
  some.erase(std::ranges::unique(some).begin(), some.end());
  return std::ranges::includes(all, some);
}

class comparison {
 public:
  explicit comparison(schema_rules rules) : rules_(rules) {}

  /// Empty if what was stored may be read as wanted; else the sentence.
  std::string run(const node& stored, const node& wanted) {
    return fits(stored, wanted) ? std::string() : sentence_;
  }

 private:
  bool fits(const node& stored, const node& wanted);
  bool records(const node& stored, const node& wanted);
  bool alternatives(const node& stored, const node& wanted);
  bool differ(const std::string& what) {
    if (!sentence_.empty()) return false;
    for (const std::string_view field : path_) {
      sentence_ += sentence_.empty() ? "field " : ".";
      sentence_ += field;
    }
    sentence_ += (sentence_.empty() ? "" : ": ") + what;
    return false;
  }
  bool differ(const node& stored, const node& wanted) {
    return differ("the file holds " + phrase(stored) + ", the program wants " + phrase(wanted));
  }

  schema_rules rules_;
  int comparisons_ = 0;
  std::vector<std::string_view> path_;
  std::string sentence_;
};

bool comparison::records(const node& stored, const node& wanted) {
  if (stored.word != wanted.word || stored.detail != wanted.detail) return differ(stored, wanted);
  const std::size_t both = std::min(stored.parts.size(), wanted.parts.size());
  for (std::size_t i = 0; i < both; ++i) {
    path_.push_back(wanted.names[i]);
    if (stored.names[i] != wanted.names[i] && !rules_.renamed_fields) {
      return differ("the file holds " + std::string(stored.names[i]) + " in its place");
    }
    if (!fits(stored.parts[i], wanted.parts[i])) return false;
    path_.pop_back();
  }
  if (stored.parts.size() > both) {
    path_.push_back(stored.names[both]);
    return differ("the file holds it, the program does not know it");
  }
  if (wanted.parts.size() > both && !rules_.missing_fields) {
    path_.push_back(wanted.names[both]);
    return differ("the program wants it, the file does not hold it");
  }
  return true;
}

bool comparison::alternatives(const node& stored, const node& wanted) {
  for (const node& choice : wanted.parts) {
    comparison attempt(rules_);
    attempt.comparisons_ = comparisons_;
    const bool same = attempt.fits(stored, choice);
    comparisons_ = attempt.comparisons_;
    if (same) return true;
    // The alternative that was meant: its own difference says more than that none fits.
    if (stored.what == node::form::record && choice.what == stored.what &&
        choice.word == stored.word) {
      return fits(stored, choice);
    }
  }
  return differ(stored, wanted);
}

bool comparison::fits(const node& stored, const node& wanted) {
  if (++comparisons_ > most_comparisons) return differ("the schemas are too large to compare");
  if (stored.text == wanted.text || wanted.text == "any") return true;
  if (stored.word == "one_of" && stored.what == node::form::call) {
    return std::all_of(stored.parts.begin(), stored.parts.end(),
                       [&](const node& choice) { return fits(choice, wanted); });
  }
  if (wanted.word == "one_of" && wanted.what == node::form::call) {
    return alternatives(stored, wanted);
  }
  if (stored.what == node::form::record && wanted.what == stored.what) {
    return records(stored, wanted);
  }
  if (stored.what != wanted.what || stored.word != wanted.word || stored.detail != wanted.detail ||
      stored.parts.size() != wanted.parts.size()) {
    return differ(stored, wanted);
  }
  if (!includes(wanted.names, stored.names)) return differ(stored, wanted);
  for (std::size_t i = 0; i < stored.parts.size(); ++i) {
    if (!fits(stored.parts[i], wanted.parts[i])) return false;
  }
  return true;
}

}  // namespace

result<> compare_schema(std::string_view stored, std::string_view wanted, schema_rules rules) {
  if (stored == wanted) return {};
  const auto ours = parse_schema(wanted);
  if (!ours) {
    return std::unexpected(
        error(errc::invalid_argument, "the program's schema " + ours.error().message()));
  }
  const auto theirs = parse_schema(stored);
  if (!theirs) {
    return std::unexpected(
        error(theirs.error().code(), "the file's schema " + theirs.error().message()));
  }
  const std::string difference = comparison(rules).run(*theirs, *ours);
  if (difference.empty()) return {};
  return std::unexpected(error(errc::type_mismatch, difference));
}

}  // namespace shelf::detail
