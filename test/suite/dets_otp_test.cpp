// SUITE  every verb over every kind, write mode and store
// Tables and Erlang over the same DETS files: records there and back, and writers killed for real.
#include "file/scratch.hpp"
#include "suite/ground.hpp"

#include <sys/wait.h>

#include <algorithm>
#include <csignal>

namespace shelf::suite {
namespace {

struct user {
  std::string name;
  std::int64_t age = 0;
  friend bool operator==(const user&, const user&) = default;
};

/// What Erlang prints while it evaluates this; errors too.
[[nodiscard]] std::string erlang(const std::string& code) {
  const auto command = "erl -noshell -eval '" + code + ", halt().' 2>&1";
  FILE* const pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) return "cannot run " + command;
  std::string text;
  for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) text += static_cast<char>(c);
  (void)::pclose(pipe);
  return text;
}
[[nodiscard]] std::string opened(const std::string& file, kind type, const std::string& more = {}) {
  return "{ok,t}=dets:open_file(t,[{file,\"" + file + "\"},{type," + std::string(to_string(type)) +
         "}" + more + "])";
}

TEST(DetsAndErlang, RecordsGoThereAndComeBack) {
  const file::scratch here;
  const auto file = here.path("users.dets");
  using users = map<std::string, user>;
  const users::config c{.path = file, .format = file_format::dets};
  {
    auto t = or_throw(users::open(c));
    ASSERT_TRUE(ok(t.insert("alice", {"Alice", 42})));
    ASSERT_TRUE(ok(t.close()));
  }
  EXPECT_EQ(erlang(opened(file, kind::set, ",{repair,false}") +
                   ", io:format(\"~p\", [dets:lookup(t,<<\"alice\">>)]),"
                   "ok=dets:insert(t,{<<\"bob\">>,{user,<<\"Bob\">>,7}}), ok=dets:close(t)"),
            "[{<<\"alice\">>,{user,<<\"Alice\">>,42}}]");
  {
    auto t = or_throw(users::open(c));
    EXPECT_EQ(t.lookup("alice"), (user{"Alice", 42}));
    EXPECT_EQ(t.lookup("bob"), (user{"Bob", 7}));
    EXPECT_FALSE(t.stats()->repaired);
    ASSERT_TRUE(ok(t.close()));
  }
  // A record of another shape is no user.
  EXPECT_EQ(erlang(opened(file, kind::set) +
                   ", ok=dets:insert(t,{<<\"eve\">>,{user,<<\"Eve\">>}}), ok=dets:close(t)"),
            "");
  EXPECT_TRUE(refuses(users::open(c), errc::type_mismatch, {file, "1 entry"}));
}

TEST(DetsAndErlang, BagsStandInTheSameOrderOnBothSides) {
  const file::scratch here;
  const auto file = here.path("bag.dets");
  using numbers = bag<std::int64_t, std::int64_t>;
  const numbers::config c{.path = file, .format = file_format::dets};
  ASSERT_EQ(erlang(opened(file, kind::bag) +
                   ", [ok=dets:insert(t,{1,V}) || V <- [5,3,9]], ok=dets:close(t)"),
            "");
  {
    auto t = or_throw(numbers::open(c));
    EXPECT_EQ(t.lookup(1), (std::vector<std::int64_t>{5, 3, 9}));
    ASSERT_TRUE(ok(t.insert(1, 4)));
    ASSERT_EQ(t.erase(1, 3), 1u);
  }
  EXPECT_EQ(erlang(opened(file, kind::bag, ",{repair,false}") +
                   ", io:format(\"~p\",[dets:lookup(t,1)]), ok=dets:close(t)"),
            "[{1,5},{1,9},{1,4}]");
}

/// A process that is killed in its writing, after so many rounds, counting what was acknowledged in
/// a pipe.
class killed_writer {
 public:
  template <class Table>
  killed_writer(std::type_identity<Table>, const typename Table::config& c, std::uint32_t rounds) {
    std::array<int, 2> ends{};
    if (::pipe(ends.data()) != 0) std::abort();
    const pid_t child = ::fork();
    if (child == 0) {
      auto t = Table::open(c);
      for (std::uint32_t i = 0; t; ++i) {
        const auto size = static_cast<std::size_t>(i * 37 % 700);
        if (!t->insert(static_cast<std::int64_t>(i % 500), std::string(size, 'v'))) break;
        if (i % 11 == 0 && !t->erase(static_cast<std::int64_t>(i % 97))) break;
        if (::write(ends[1], &i, sizeof i) != sizeof i) break;
      }
      ::_exit(1);
    }
    ::close(ends[1]);
    std::uint32_t i = 0;
    while (::read(ends[0], &i, sizeof i) == sizeof i) {
      acknowledged_ = i + 1;
      if (acknowledged_ == rounds) ::kill(child, SIGKILL);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    killed_ = WIFSIGNALED(status);
    ::close(ends[0]);
  }
  [[nodiscard]] std::uint32_t acknowledged() const noexcept { return acknowledged_; }
  [[nodiscard]] bool killed() const noexcept { return killed_; }

 private:
  std::uint32_t acknowledged_ = 0;
  bool killed_ = false;
};

/// What the writer had made after so many rounds, and after a write more.
template <class Table>
[[nodiscard]] std::vector<std::vector<typename Table::value_type>> legal(std::uint32_t rounds) {
  auto t = Table::in_memory();
  const auto write = [&](std::uint32_t i) {
    or_throw(t.insert(static_cast<std::int64_t>(i % 500),
                      std::string(static_cast<std::size_t>(i * 37 % 700), 'v')));
  };
  const auto erase = [&](std::uint32_t i) {
    if (i % 11 == 0) (void)or_throw(t.erase(static_cast<std::int64_t>(i % 97)));
  };
  for (std::uint32_t i = 0; i < rounds; ++i) {
    write(i);
    erase(i);
  }
  std::vector<std::vector<typename Table::value_type>> states;
  states.push_back(contents(t));
  write(rounds);
  states.push_back(contents(t));
  erase(rounds);
  states.push_back(contents(t));
  // The round may have been made without its report.
  write(rounds + 1);
  states.push_back(contents(t));
  return states;
}

template <kind Kind>
void expect_nothing_lost(std::uint32_t rounds, file_io io) {
  using table = shelf::table<std::int64_t, std::string, Kind>;
  const file::scratch here;
  const auto file = here.path("killed.dets");
  const typename table::config c{.path = file, .format = file_format::dets, .io = io};
  const killed_writer writer(std::type_identity<table>{}, c, rounds);
  ASSERT_TRUE(writer.killed());
  ASSERT_GE(writer.acknowledged(), rounds);
  const auto copy = here.path("copy.dets");
  std::filesystem::copy_file(file, copy);
  const auto states = legal<table>(writer.acknowledged());
  {
    auto t = or_throw(table::open(c));
    EXPECT_TRUE(t.stats()->repaired);
    const auto now = contents(t);
    EXPECT_NE(std::ranges::find(states, now), states.end()) << now.size();
    ASSERT_TRUE(ok(t.close()));
  }
  // What we repaired and closed Erlang opens without a repair; what the kill left it repairs.
  const auto said =
      erlang(opened(file, Kind, ",{repair,false}") + ", ok=dets:close(t), " + opened(copy, Kind) +
             ", io:format(\"~p\",[lists:sum([size(V) || {_,V} <- "
             "dets:foldl(fun(O,A) -> [O|A] end,[],t)])]), ok=dets:close(t)");
  const auto number = said.substr(said.find_last_of('\n') + 1);
  std::vector<std::string> sums;
  for (const auto& state : states) {
    std::size_t sum = 0;
    for (const auto& [key, value] : state) sum += value.size();
    sums.push_back(std::to_string(sum));
  }
  // Of a bucket that was being moved Erlang keeps both states: in a duplicate_bag all twice.
  if (Kind != kind::duplicate_bag) {
    EXPECT_THAT(sums, testing::Contains(number)) << said;
  }
}

TEST(DetsAndErlang, AWriterThatIsKilledLosesNothingForUsNorForErlang) {
  for (const auto io : {file_io::calls, file_io::mapped}) {
    expect_nothing_lost<kind::set>(1200, io);
    expect_nothing_lost<kind::bag>(700, io);
    expect_nothing_lost<kind::duplicate_bag>(700, io);
  }
}

}  // namespace
}  // namespace shelf::suite
