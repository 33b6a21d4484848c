// API  [api] -> table -> journal -> file
// Must not compile: a date of another name, which holds more than the day.
// expect: shelf cannot see into this class
#include "shelf/codec.hpp"

#include <chrono>

class moment {
 public:
  moment() = default;
  moment(std::chrono::year y, std::chrono::month m, std::chrono::day d) : date_(y, m, d) {}
  auto year() const { return date_.year(); }
  auto month() const { return date_.month(); }
  auto day() const { return date_.day(); }
  bool ok() const { return date_.ok(); }
  int hour() const { return hour_; }

 private:
  std::chrono::year_month_day date_;
  int hour_ = 12;
};

void store(shelf::detail::encoder& out, const moment& value) { shelf::detail::encode(out, value); }
