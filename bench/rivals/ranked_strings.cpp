// BENCH  rivals
// Boost.MultiIndex: a ranked index counts the nodes below each node, as an ordered_map does.
#include "rivals/ranked_strings.hpp"

#include <boost/multi_index/member.hpp>
#include <boost/multi_index/ranked_index.hpp>
#include <boost/multi_index_container.hpp>

namespace bench {

namespace mi = boost::multi_index;

namespace {

struct pair_of_strings {
  std::string key;
  std::string value;
};

}  // namespace

struct ranked_strings::rows {
  mi::multi_index_container<pair_of_strings,
                            mi::indexed_by<mi::ranked_unique<
                                mi::member<pair_of_strings, std::string, &pair_of_strings::key>>>>
      all;
};

ranked_strings::ranked_strings() : rows_(std::make_unique<rows>()) {}
ranked_strings::~ranked_strings() = default;

void ranked_strings::put(const std::string& key, const std::string& value) {
  rows_->all.insert({key, value});
}

std::size_t ranked_strings::rank(const std::string& key) const {
  return rows_->all.lower_bound_rank(key);
}

std::size_t ranked_strings::nth(std::size_t index) const {
  const pair_of_strings copy = *rows_->all.nth(index);
  return copy.key.size() + copy.value.size();
}

}  // namespace bench
