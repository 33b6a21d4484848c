// EXAMPLE  stock, kept by C++ and Erlang
// How many of each article there are, in a DETS file of Erlang records. stock.escript is the same
// program in Erlang; the two take turns. With -record(article, {name, count}) an object is
// {article, <<"bolts">>, 20}, and its second element is its key.
#include <shelf/dets.hpp>
#include <shelf/shelf.hpp>

#include <algorithm>
#include <iostream>
#include <string>
#include <vector>

struct article {
  std::string name;
  std::int64_t count = 0;
};

int main(int count, char** words) try {
  auto stock = shelf::or_throw(shelf::dets::file::open({.path = "stock.dets", .keypos = 2}));

  if (count == 3) {
    const std::string name = words[1];
    const auto fresh = stock.insert_new(shelf::or_throw(shelf::to_term(article{name, 0})));
    if (!fresh && fresh.error().code() != shelf::errc::key_already_present) {
      throw shelf::exception(fresh.error());
    }
    const auto now =
        shelf::or_throw(stock.update_counter(shelf::term::binary(name), std::stoll(words[2])));
    std::cout << "C++: " << now << ' ' << name << " now\n";
  } else {
    std::vector<article> articles;
    shelf::or_throw(stock.for_each([&](const shelf::term& object) {
      articles.push_back(shelf::or_throw(shelf::from_term<article>(object)));
    }));
    std::ranges::sort(articles, {}, &article::name);
    for (const auto& a : articles) std::cout << "C++: " << a.count << ' ' << a.name << '\n';
  }
  shelf::or_throw(stock.close());
} catch (const std::exception& e) {
  std::cerr << e.what() << '\n';
  return 1;
}
