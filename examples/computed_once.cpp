// EXAMPLE  computed once
// The answers of a slow function, kept across runs of the program.
#include <shelf/shelf.hpp>

#include <iostream>

using factors = std::vector<std::uint64_t>;

factors factorize(std::uint64_t number) {
  factors found;
  for (std::uint64_t f = 2; f <= number / f; ++f) {
    for (; number % f == 0; number /= f) found.push_back(f);
  }
  if (number > 1) found.push_back(number);
  return found;
}

int main(int count, char** words) try {
  // back: writes only change memory, and close saves them. If the program is killed, they are
  // computed again.
  using cache_table = shelf::map<std::uint64_t, factors>;
  auto cache = shelf::or_throw(
      cache_table::open({.path = "factors.shelf", .mode = shelf::write_mode::back}));

  for (int i = 1; i < count; ++i) {
    const auto number = std::stoull(words[i]);
    auto known = cache.lookup(number);
    std::cout << number << (known ? " (known) =" : " (computed) =");
    if (!known) {
      known = factorize(number);
      shelf::or_throw(cache.insert(number, *known));
    }
    for (const auto f : *known) std::cout << ' ' << f;
    std::cout << '\n';
  }
  shelf::or_throw(cache.close());
} catch (const std::exception& e) {
  std::cerr << e.what() << '\n';
  return 1;
}
