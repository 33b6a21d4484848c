// TEST  cluster
// One thread plays all nodes: while a call of one is under way, another begins and ends its own.
#include "history.hpp"

#include "cluster_ground.hpp"
#include "shelf/transaction.hpp"

#include <random>
#include <set>

namespace shelf::test {
namespace {

using namespace shelf::cluster;
using numbers = map<std::string, std::int64_t>;
using several = bag<std::string, std::int64_t>;
using call_verb = key_call::verb;

// --- one key -------------------------------------------------------------------------------------

/// What a register becomes; nothing, if the call has another result there.
std::optional<std::optional<std::int64_t>> after(const key_call& c,
                                                 std::optional<std::int64_t> value) {
  const bool is_free = !c.has_result;
  switch (c.what) {
    case call_verb::read:
      if (value != c.seen) return std::nullopt;
      return value;
    case call_verb::put:
      if (!is_free && value.has_value() != c.was_there) return std::nullopt;
      return c.written;
    case call_verb::put_new:
      if (!is_free && value.has_value() != c.was_there) return std::nullopt;
      return value ? value : c.written;
    case call_verb::erase:
      if (!is_free && value.has_value() != c.was_there) return std::nullopt;
      return std::optional<std::int64_t>();
    case call_verb::exchange:
      if (value != c.seen) return std::nullopt;
      return c.written;
  }
  return std::nullopt;
}

class search {
 public:
  explicit search(const std::vector<key_call>& calls) : calls_(calls) {}

  bool found(std::uint64_t done, std::optional<std::int64_t> value) {
    auto first_end = std::numeric_limits<std::uint64_t>::max();
    bool is_complete = true;
    for (std::size_t i = 0; i < calls_.size(); ++i) {
      if ((done >> i & 1) != 0) continue;
      first_end = std::min(first_end, calls_[i].ended);
      is_complete = is_complete && !calls_[i].has_result;
    }
    if (is_complete) return true;
    if (!seen_.insert({done, value}).second) return false;
    for (std::size_t i = 0; i < calls_.size(); ++i) {
      if ((done >> i & 1) != 0 || calls_[i].began > first_end) continue;
      const auto next = after(calls_[i], value);
      if (next && found(done | std::uint64_t{1} << i, *next)) return true;
    }
    return false;
  }

 private:
  const std::vector<key_call>& calls_;
  std::set<std::pair<std::uint64_t, std::optional<std::int64_t>>> seen_;
};

}  // namespace

bool is_linearizable(const std::vector<key_call>& calls) {
  return calls.size() > 64 || search(calls).found(0, std::nullopt);
}

namespace {

// --- nodes ---------------------------------------------------------------------------------------

constexpr const char* keys[] = {"a", "b", "c"};

/// A node, which is opened again when it has crashed.
struct player {
  database db;
  numbers set = or_throw(db.table<numbers>("set"));
  several bag = or_throw(db.table<several>("bag"));
  numbers marks = or_throw(db.table<numbers>("marks"));
  cluster::position last = or_throw(of(db)).position();
  std::uint64_t divergences = 0;

  [[nodiscard]] entries_by_key entries() const {
    entries_by_key all;
    const auto moment = db.snapshot();
    add_entries(all, "set", moment(set));
    add_entries(all, "bag", moment(bag));
    add_entries(all, "marks", moment(marks));
    return all;
  }
};

/// A transaction, by the key that it alone writes.
struct marked {
  std::optional<std::optional<std::int64_t>> read = {};  ///< of key `a`, if it read
  enum class fate : std::uint8_t { done, undone, unknown } is = fate::unknown;
  std::optional<std::uint64_t> ticket = {};
  int node = 0;
  int life = 0;  ///< which of the node
};

class game {
 public:
  explicit game(const history_settings& how) : how_(how), random_(how.seed) {
    cluster_.space->bug = how.bug;
    for (int i = 0; i < 3; ++i) {
      nodes_.push_back(open());
      lives_.push_back(0);
    }
    note();
    cluster_.fails = [this](std::string_view which) { return meanwhile(which); };
    cluster_.loses = [this](std::string_view which) {
      note();
      return which == "commit" && (is_cut() || chance(15));
    };
  }

  std::vector<std::string> play() {
    for (int i = 0; i < how_.calls && wrong_.empty(); ++i) {
      act();
      trouble();
      look();
    }
    end();
    return wrong_;
  }

 private:
  using states = std::map<uuid, entries_by_key>;

  std::uint64_t below(std::uint64_t n) { return random_() % n; }
  bool chance(unsigned per_cent) { return below(100) < per_cent; }
  void wrong(std::string what) { wrong_.push_back(std::move(what)); }

  player open() {
    const auto fails = std::exchange(cluster_.fails, [](std::string_view) { return false; });
    player p{.db = or_throw(open_in(cluster_, by_hand(6), declare<numbers>("set"),
                                    declare<several>("bag"), declare<numbers>("marks")))};
    cluster_.fails = fails;
    return p;
  }

  /// What every commit has left, and what was before it.
  void note() {
    const auto head = *cluster_.space->head({});
    if (states_.contains(head.nonce)) return;
    if (!order_.empty()) before_[head.nonce] = order_.back();
    states_[head.nonce] = entries_of(*cluster_.space);
    order_.push_back(head.nonce);
  }

  /// The node that acts sends calls, and hears nothing.
  [[nodiscard]] bool is_cut() const { return !acting_.empty() && acting_.back() == cut_; }

  bool meanwhile(std::string_view which) {
    if (is_cut()) return which != "commit" && which != "connect";
    if (depth_ == 1 && chance(8)) act();
    return chance(7);
  }

  void trouble() {
    if (chance(5)) cluster_.space->trim_to(1 + below(4));
    if (chance(4)) crash(below(nodes_.size()));
    if (chance(12)) cut_ = below(nodes_.size());
    if (chance(25)) cut_ = none_;
    if (chance(40)) {
      acting_.push_back(below(nodes_.size()));
      (void)behind(nodes_[acting_.back()].db).follows().step(later());
      acting_.pop_back();
    }
    if (!how_.forks) return;
    if (chance(8)) backup_ = std::pair(*cluster_.space, order_.size());
    if (!backup_ || !chance(6)) return;
    *cluster_.space = backup_->first;
    order_.resize(backup_->second);
    forked_ = true;
    // It goes on in another way.
    const auto value = term::integer(static_cast<std::int64_t>(below(1'000'000)));
    change other{.code = change_code::put, .table = 1, .key = text("fork")};
    other.content = buffer(value.encoded().begin(), value.encoded().end());
    commit_call call{.base = *cluster_.space->head({}), .nonce = random_uuid(), .waves = {}};
    call.waves.push_back({{.changes = {other}, .reads = {}}});
    (void)cluster_.space->commit(call, {});
    note();
  }

  void crash(std::size_t which) {
    nodes_[which].db.abandon();
    ++lives_[which];
    nodes_[which] = open();
  }

  static deadline later() { return std::chrono::steady_clock::now() + std::chrono::hours(1); }

  /// Each replica shows a commit, and never an earlier one than before.
  void look() {
    for (auto& n : nodes_) {
      const auto now = behind(n.db).status();
      const auto state = states_.find(uuid{now.position.nonce});
      if (state == states_.end()) {
        wrong("a replica names a commit that never was");
      } else if (n.entries() != state->second) {
        wrong("a replica shows what commit " + std::to_string(now.position.seq) + " has not left");
      }
      if (now.position.seq < n.last.seq && now.divergences == n.divergences) {
        wrong("a replica went backwards");
      }
      n.last = now.position;
      n.divergences = now.divergences;
    }
  }

  // --- calls -------------------------------------------------------------------------------------

  void act() {
    ++depth_;
    const auto which = below(nodes_.size());
    if (!busy_.contains(which)) {
      busy_.insert(which);
      acting_.push_back(which);
      switch (below(10)) {
        case 0:
        case 1: put(which); break;
        case 2: put_new(which); break;
        case 3: erase(which); break;
        case 4: exchange(which); break;
        case 5: read(which); break;
        case 6:
        case 7: transact(which); break;
        case 8: post(which); break;
        default: change_bag(which); break;
      }
      acting_.pop_back();
      busy_.erase(which);
    }
    --depth_;
  }

  key_call begin(call_verb what) {
    key_call c;
    c.what = what;
    c.began = ++clock_;
    return c;
  }
  /// Of a write: an error that leaves nothing behind is no call.
  template <class T>
  void finish(const std::string& key, key_call c, const result<T>& r) {
    if (!r && r.error() != errc::indeterminate && r.error() != errc::key_already_present) return;
    c.has_result = r.has_value() || r.error() == errc::key_already_present;
    if (c.has_result) c.ended = ++clock_;
    calls_[key].push_back(c);
  }

  void put(std::size_t which) {
    const std::string key = keys[below(3)];
    auto c = begin(call_verb::put);
    c.written = ++last_value_;
    const auto done = nodes_[which].set.insert(key, *c.written);
    c.was_there = done && *done != written::added;
    finish(key, c, done);
  }
  void put_new(std::size_t which) {
    const std::string key = keys[below(3)];
    auto c = begin(call_verb::put_new);
    c.written = ++last_value_;
    const auto done = nodes_[which].set.insert_new(key, *c.written);
    c.was_there = !done && done.error() == errc::key_already_present;
    finish(key, c, done);
  }
  void erase(std::size_t which) {
    const std::string key = keys[below(3)];
    auto c = begin(call_verb::erase);
    const auto done = nodes_[which].set.erase(key);
    c.was_there = done && *done != 0;
    finish(key, c, done);
  }
  void exchange(std::size_t which) {
    const std::string key = keys[below(3)];
    auto c = begin(call_verb::exchange);
    auto& set = nodes_[which].set;
    const auto there = set.lookup(key);
    std::optional<std::int64_t> expected;
    if (there) expected = *there;
    c.seen = expected;
    c.written = ++last_value_;
    const auto done = set.compare_exchange(key, expected, c.written);
    if (done && !*done) {
      c.what = call_verb::read;
      c.seen = expected;
    }
    finish(key, c, done);
  }
  void read(std::size_t which) {
    const std::string key = keys[below(3)];
    auto c = begin(call_verb::read);
    if (!nodes_[which].db.sync()) return;
    const auto found = nodes_[which].set.lookup(key);
    if (found) c.seen = *found;
    finish(key, c, result<int>(0));
  }

  std::string mark() { return "t" + std::to_string(++last_mark_); }

  template <class T>
  void judge(const std::string& name, marked m, const result<T>& done) {
    using fate = marked::fate;
    if (done) {
      m.is = fate::done;
    } else if (done.error() == errc::indeterminate) {
      m.ticket = ticket_of(done.error());
      if (!m.ticket) wrong("an indeterminate transaction without a ticket");
    } else {
      m.is = fate::undone;
    }
    marks_[name] = m;
  }

  void transact(std::size_t which) {
    auto& n = nodes_[which];
    const auto name = mark();
    marked m{.node = static_cast<int>(which), .life = lives_[which]};
    auto c = begin(call_verb::exchange);
    c.written = ++last_value_;
    const bool is_blind = chance(20);
    const auto done = n.db.transact([&](transaction& tx) {
      if (!is_blind) {
        const auto found = tx(n.set).lookup("a");
        m.read.emplace();
        if (found) m.read->emplace(*found);
        or_throw(tx(n.set).insert("a", *c.written));
        c.seen = *m.read;
      }
      or_throw(tx(n.marks).insert(name, 1));
      or_throw(tx(n.marks).add("total", 1, {.initial = 0}));
    });
    judge(name, m, done);
    if (!is_blind) finish("a", c, done);
  }

  void post(std::size_t which) {
    auto& n = nodes_[which];
    const auto name = mark();
    marked m{.node = static_cast<int>(which), .life = lives_[which]};
    auto c = begin(call_verb::put);
    c.has_result = false;
    c.written = ++last_value_;
    const auto posted = n.db.post([&](transaction& tx) {
      or_throw(tx(n.set).insert("b", *c.written));
      or_throw(tx(n.marks).insert(name, 1));
      or_throw(tx(n.marks).add("total", 1, {.initial = 0}));
    });
    if (!posted) return;
    m.ticket = posted->number();
    marks_[name] = m;
    calls_["b"].push_back(c);
  }

  void change_bag(std::size_t which) {
    auto& bag = nodes_[which].bag;
    const auto value = static_cast<std::int64_t>(below(4));
    switch (below(4)) {
      case 0: (void)bag.erase("k"); break;
      case 1: (void)bag.erase("k", value); break;
      default: {
        auto& db = nodes_[which].db;
        (void)db.post([&](transaction& tx) {
          or_throw(tx(bag).erase("k"));
          or_throw(tx(bag).insert("k", value));
        });
        (void)bag.insert("k", value + 1);
      }
    }
  }

  // --- the end -----------------------------------------------------------------------------------

  void end() {
    cluster_.fails = [](std::string_view) { return false; };
    cluster_.loses = [this](std::string_view) {
      note();
      return false;
    };
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      auto& commits = behind(nodes_[i].db).commits();
      for (int step = 0; step < 50 && !commits.is_idle(); ++step) (void)commits.step(later());
      if (!commits.is_idle()) wrong("a node does not come to an end");
    }
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      for (int k = 0; k < 3; ++k) read(i);
      if (!nodes_[i].db.sync()) wrong("a node cannot sync in the end");
    }
    look();
    const auto last = entries_of(*cluster_.space);
    for (auto& n : nodes_) {
      if (n.entries() != last) wrong("a replica is not what the server has in the end");
    }
    if (!forked_) {
      for (const auto& [key, calls] : calls_) {
        if (!is_linearizable(calls)) wrong("key " + key + " is not linearizable");
      }
    }
    count(last);
  }

  static buffer text(const std::string& content) {
    const auto t = term::binary(content);
    return {t.encoded().begin(), t.encoded().end()};
  }
  static std::optional<std::int64_t> value_in(const entries_by_key& in, const std::string& table,
                                              const std::string& key) {
    const auto found = in.find({table, text(key)});
    if (found == in.end()) return std::nullopt;
    return or_throw(term::from_encoded(found->second.front())).as_integer();
  }

  void count(const entries_by_key& last) {
    using fate = marked::fate;
    std::int64_t there = 0;
    for (const auto& [name, m] : marks_) {
      const bool is_there = value_in(last, "marks", name).has_value();
      there += is_there ? 1 : 0;
      auto is = m.is;
      // Of a node that has crashed, no one knows.
      if (is == fate::unknown && m.ticket && lives_[static_cast<std::size_t>(m.node)] == m.life) {
        const auto here = or_throw(of(nodes_[static_cast<std::size_t>(m.node)].db));
        const auto became = or_throw(here.outcome(*m.ticket));
        using state = write_outcome::state;
        is = became.is == state::committed ? fate::done : fate::undone;
        if (became.is == state::unknown) {
          is = fate::unknown;
          if (!became.why) wrong("the outcome of " + name + " is not known in the end");
        }
      }
      if (is == fate::done && !is_there && !forked_) wrong(name + " is lost");
      if (is == fate::undone && is_there) wrong(name + " has happened after all");
    }
    if (value_in(last, "marks", "total").value_or(0) != there) {
      wrong("of " + std::to_string(there) + " transactions, some were done twice or in part");
    }
    check_reads();
  }

  /// Every transaction has read what the commit before its own has left.
  void check_reads() {
    for (const auto& nonce : order_) {
      const auto from = before_.find(nonce);
      if (from == before_.end()) continue;
      const auto& old = states_.at(from->second);
      const auto& now = states_.at(nonce);
      for (const auto& [name, m] : marks_) {
        if (!m.read || value_in(old, "marks", name) || !value_in(now, "marks", name)) continue;
        if (value_in(old, "set", "a") != *m.read) wrong(name + " has read what was not there");
      }
    }
  }

  const history_settings how_;
  std::mt19937_64 random_;
  fake_cluster cluster_;
  std::vector<player> nodes_;
  std::vector<int> lives_;
  static constexpr std::size_t none_ = 99;
  std::set<std::size_t> busy_;       ///< nodes whose call is under way
  std::vector<std::size_t> acting_;  ///< the same, the innermost last
  std::size_t cut_ = none_;
  int depth_ = 0;
  std::uint64_t clock_ = 0;
  std::int64_t last_value_ = 0;
  int last_mark_ = 0;
  std::map<std::string, std::vector<key_call>> calls_;
  std::map<std::string, marked> marks_;
  states states_;
  std::vector<uuid> order_;      ///< the commits that the server has
  std::map<uuid, uuid> before_;  ///< the one before
  std::optional<std::pair<fake_server, std::size_t>> backup_;
  bool forked_ = false;
  std::vector<std::string> wrong_;
};

}  // namespace

std::vector<std::string> violations_of(const history_settings& how) {
  try {
    return game(how).play();
  } catch (const std::exception& e) {
    return {std::string("it threw ") + e.what()};
  }
}

}  // namespace shelf::test
