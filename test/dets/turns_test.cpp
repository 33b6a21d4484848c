// TEST  dets
// One file, two programs: this one and one in Erlang or Elixir change it in turns.
#include "error/hex.hpp"
#include "file/scratch.hpp"
#include "shelf/dets.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <random>

namespace shelf {
namespace {

using file::scratch;

constexpr int rounds = 20;
constexpr int changes_a_turn = 25;

term term_of(std::string_view hex) {
  std::vector<std::byte> content;
  const auto digit = [](char c) { return std::isdigit(c) != 0 ? c - '0' : (c | 32) - 'a' + 10; };
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    content.push_back(static_cast<std::byte>(digit(hex[i]) * 16 + digit(hex[i + 1])));
  }
  auto decoded = term::decode(content);
  if (!decoded) ADD_FAILURE() << decoded.error() << " in " << hex;
  return decoded ? *decoded : term::nil();
}

/// The other program: reads commands, answers lines.
class peer {
 public:
  explicit peer(std::vector<const char*> command) {
    int down[2];
    int up[2];
    if (::pipe(down) != 0 || ::pipe(up) != 0) std::abort();
    child_ = ::fork();
    if (child_ == 0) {
      ::dup2(down[0], 0);
      ::dup2(up[1], 1);
      for (const int end : {down[0], down[1], up[0], up[1]}) ::close(end);
      command.push_back(nullptr);
      ::execvp(command[0], const_cast<char* const*>(command.data()));
      ::_exit(127);
    }
    ::close(down[0]);
    ::close(up[1]);
    to_ = ::fdopen(down[1], "w");
    from_ = ::fdopen(up[0], "r");
  }
  ~peer() {
    (void)std::fclose(to_);
    (void)std::fclose(from_);
    int status = 0;
    ::waitpid(child_, &status, 0);
    EXPECT_EQ(status, 0) << "the other program failed, or it is not installed";
  }
  peer(const peer&) = delete;
  peer& operator=(const peer&) = delete;

  void tell(const std::string& command) {
    (void)std::fputs((command + "\n").c_str(), to_);
    (void)std::fflush(to_);
  }
  /// The next line; empty if the program has ended.
  std::string answer() {
    std::string line;
    for (int c = std::fgetc(from_); c != EOF && c != '\n'; c = std::fgetc(from_)) {
      line += static_cast<char>(c);
    }
    return line;
  }
  void order(const std::string& command) {
    tell(command);
    ASSERT_EQ(answer(), "ok") << command;
  }

 private:
  pid_t child_ = -1;
  FILE* to_ = nullptr;
  FILE* from_ = nullptr;
};

struct change {
  enum class verb : std::uint8_t { insert, erase, erase_object } what;
  term argument;
};

/// What a table of this kind holds: objects {Key, Value}, sorted.
class model {
 public:
  explicit model(kind type) : type_(type) {}

  void apply(const change& c) {
    const auto key = c.what == change::verb::erase ? c.argument : key_of(c.argument);
    const auto has_key = [&](const term& o) { return key_of(o) == key; };
    const auto is_same = [&](const term& o) { return o == c.argument; };
    switch (c.what) {
      case change::verb::erase: std::erase_if(objects_, has_key); break;
      case change::verb::erase_object: std::erase_if(objects_, is_same); break;
      case change::verb::insert:
        if (type_ == kind::set) std::erase_if(objects_, has_key);
        if (type_ == kind::bag) std::erase_if(objects_, is_same);
        objects_.push_back(c.argument);
    }
  }
  [[nodiscard]] static term key_of(const term& object) {
    const auto elements = object.elements();
    return elements->front();
  }
  [[nodiscard]] const std::vector<term>& objects() const { return objects_; }
  [[nodiscard]] std::vector<std::string> lines() const {
    std::vector<std::string> out;
    for (const auto& o : objects_) out.push_back(to_hex(o.encode()));
    std::ranges::sort(out);
    return out;
  }

 private:
  kind type_;
  std::vector<term> objects_;
};

class chance {
 public:
  explicit chance(std::uint64_t seed) : engine_(seed) {}
  std::size_t below(std::size_t n) { return static_cast<std::size_t>(engine_() % n); }

  term key() {
    const auto n = below(40);
    switch (below(5)) {
      case 0: return term::binary("key" + std::to_string(n));
      case 1: return *term::atom("k" + std::to_string(n));
      case 2: return *term::floating(static_cast<double>(n));
      case 3: return term::tuple({term::integer(n), term::nil()});
      default: return term::integer(n);
    }
  }
  term value() {
    switch (below(4)) {
      case 0: return term::binary(std::string(below(300), 'v'));
      case 1:
        return term::tuple({*term::atom("user"), term::binary("alice"), term::integer(below(99))});
      case 2: return term::list({term::integer(below(1000)), term::binary("x"), term::nil()});
      default: return term::integer(static_cast<std::int64_t>(below(3)) - 1);
    }
  }
  change next(const model& m) {
    const auto& there = m.objects();
    const auto roll = below(10);
    if (roll >= 7 && !there.empty()) {
      const auto& o = there[below(there.size())];
      if (roll == 7) return {change::verb::erase, model::key_of(o)};
      // Inserting what is there already counts as well.
      return {roll == 8 ? change::verb::erase_object : change::verb::insert, o};
    }
    return {change::verb::insert, term::tuple({key(), value()})};
  }

 private:
  std::mt19937_64 engine_;
};

void our_turn(const dets::config& how, model& m, chance& dice) {
  auto opened = dets::file::open(how);
  ASSERT_TRUE(opened) << opened.error();
  auto& f = *opened;
  EXPECT_FALSE(f.repaired());
  const auto listed = [&] {
    std::vector<std::string> lines;
    const auto all = f.to_vector();
    if (!all) return std::vector{all.error().message()};
    for (const auto& o : *all) lines.push_back(to_hex(o.encode()));
    std::ranges::sort(lines);
    return lines;
  };
  ASSERT_EQ(listed(), m.lines());
  for (int i = 0; i < changes_a_turn; ++i) {
    const auto c = dice.next(m);
    if (c.what == change::verb::insert) {
      ASSERT_TRUE(f.insert(c.argument));
    } else if (c.what == change::verb::erase) {
      ASSERT_TRUE(f.erase(c.argument));
    } else {
      ASSERT_TRUE(f.erase_object(c.argument));
    }
    m.apply(c);
  }
  ASSERT_EQ(listed(), m.lines());
  if (dice.below(4) == 0) {
    ASSERT_TRUE(f.compact());
  }
  ASSERT_TRUE(f.close());
}

void their_turn(peer& other, const dets::config& how, model& m, chance& dice) {
  const auto expect_listing = [&] {
    other.tell("list");
    std::vector<std::string> lines;
    for (auto line = other.answer(); line != "."; line = other.answer()) {
      ASSERT_FALSE(line.empty()) << "the other program has ended";
      // Their encoding of a term may be another than ours; the term is the same.
      lines.push_back(to_hex(term_of(line).encode()));
    }
    std::ranges::sort(lines);
    EXPECT_EQ(lines, m.lines());
  };
  other.order("open " + how.path + ' ' + std::string(to_string(*how.type)));
  expect_listing();
  for (int i = 0; i < changes_a_turn; ++i) {
    const auto c = dice.next(m);
    constexpr const char* verbs[] = {"insert ", "delete ", "delete_object "};
    other.order(verbs[static_cast<int>(c.what)] + to_hex(c.argument.encode()));
    m.apply(c);
  }
  expect_listing();
  other.order("close");
}

void take_turns(peer& other, std::uint64_t seed) {
  for (const auto type : {kind::set, kind::bag, kind::duplicate_bag}) {
    SCOPED_TRACE(to_string(type));
    const scratch here;
    const dets::config how{.path = here.path("turns.dets"), .type = type};
    model m(type);
    chance dice(seed++);
    for (int round = 0; round < rounds; ++round) {
      SCOPED_TRACE(round);
      our_turn(how, m, dice);
      if (testing::Test::HasFatalFailure()) return;
      their_turn(other, how, m, dice);
      if (testing::Test::HasFailure()) return;
    }
  }
}

TEST(DetsTurns, ErlangAndWeChangeOneFileInTurns) {
  peer erlang({"escript", SHELF_PEERS "/peer.escript"});
  take_turns(erlang, 1);
}

TEST(DetsTurns, ElixirAndWeChangeOneFileInTurns) {
  peer elixir({"elixir", SHELF_PEERS "/peer.exs"});
  take_turns(elixir, 101);
}

}  // namespace
}  // namespace shelf
