// CLUSTER  [cluster] -> api -> engine -> stores -> journal -> file
// Reads a row of an answer field by field.
#pragma once

#include "cluster/connection.hpp"

#include <cstddef>
#include <utility>
#include <vector>

namespace shelf::cluster {

/// Fields of one row, one after the other. The first failure stays.
class row_reader {
 public:
  row_reader(const reply& rows, std::size_t row) : rows_(rows), row_(row) {}
  template <class T>
  [[nodiscard]] T take() {
    auto value = rows_.get<T>(row_, column_++);
    if (value) return std::move(*value);
    if (failures_.empty()) failures_.push_back(value.error());
    return T();
  }
  /// The same for a column that may be null: then T is empty.
  template <class T>
  [[nodiscard]] T take_or_empty() {
    if (rows_.field(row_, column_)) return take<T>();
    ++column_;
    return T();
  }
  /// The first failure, if there was one.
  [[nodiscard]] result<> outcome() const {
    if (failures_.empty()) return {};
    return std::unexpected(failures_.front());
  }

 private:
  const reply& rows_;
  std::size_t row_;
  std::size_t column_ = 0;
  std::vector<error> failures_;  ///< one at most
};

}  // namespace shelf::cluster
