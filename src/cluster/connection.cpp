// CLUSTER  [cluster] -> api -> engine -> stores -> journal -> file
// libpq without blocking: every wait is a poll of ours, with the deadline of the call.
#include "cluster/connection.hpp"

#include "cluster/connection_options.hpp"
#include "cluster/sql_state.hpp"

#include <libpq-fe.h>
#include <poll.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <charconv>
#include <unordered_map>
#include <utility>

namespace shelf::cluster {
namespace {

using std::chrono::steady_clock;

struct finish {
  void operator()(PGconn* c) const noexcept { PQfinish(c); }
  void operator()(PGresult* r) const noexcept { PQclear(r); }
  void operator()(PQconninfoOption* o) const noexcept { PQconninfoFree(o); }
  void operator()(char* text) const noexcept { PQfreemem(text); }
  void operator()(PGnotify* n) const noexcept { PQfreemem(n); }
};
template <class T>
using owned = std::unique_ptr<T, finish>;

constexpr int binary = 1;
/// What libpq accepts of no session, so that it refuses before it speaks to any server.
constexpr const char* no_session = "no session, only a look";

/// What a server said, on one line: messages of ours are one sentence.
[[nodiscard]] std::string on_one_line(std::string_view said) {
  std::string line;
  for (;;) {
    const auto end = said.find('\n');
    auto part = said.substr(0, end);
    while (!part.empty() && (part.front() == ' ' || part.front() == '\t')) part.remove_prefix(1);
    // Where in PostgreSQL's sources it was said, which a verbose message tells.
    if (!part.empty() && !part.starts_with("LOCATION:")) {
      if (!line.empty()) line += "; ";
      line += part;
    }
    if (end == said.npos) return line;
    said.remove_prefix(end + 1);
  }
}

[[nodiscard]] std::string field_of(const PGresult* r, int which) {
  const char* const text = PQresultErrorField(r, which);
  return text == nullptr ? std::string() : std::string(text);
}

[[nodiscard]] connection_options options_of(const PQconninfoOption* all) {
  connection_options options;
  for (; all != nullptr && all->keyword != nullptr; ++all) {
    if (all->val != nullptr && *all->val != '\0') options.push_back({all->keyword, all->val});
  }
  return options;
}

/// Keywords and values as libpq takes them: two arrays that end in null.
class option_arrays {
 public:
  explicit option_arrays(const connection_options& all) {
    for (const auto& [keyword, value] : all) {
      keywords_.push_back(keyword.c_str());
      values_.push_back(value.c_str());
    }
    keywords_.push_back(nullptr);
    values_.push_back(nullptr);
  }
  [[nodiscard]] owned<PGconn> start(bool expand) const {
    return owned<PGconn>(PQconnectStartParams(keywords_.data(), values_.data(), expand ? 1 : 0));
  }

 private:
  std::vector<const char*> keywords_;
  std::vector<const char*> values_;
};

/// Until the socket is ready or the deadline has passed: false.
[[nodiscard]] bool wait_for(int socket, short events, deadline until) {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - steady_clock::now());
    const auto ms = std::clamp<std::int64_t>(left.count(), 0, 3'600'000);
    pollfd one{.fd = socket, .events = events, .revents = 0};
    const int ready = ::poll(&one, 1, static_cast<int>(ms));
    if (ready > 0) return true;
    if (ready == 0 && steady_clock::now() >= until) return false;
    if (ready < 0 && errno != EINTR) return true;  // libpq will say what is wrong with it
  }
}

/// What the string says, and what libpq makes of it with service files and the environment. Asks
/// libpq to begin a connection that it must refuse before it speaks to anyone.
[[nodiscard]] result<std::vector<connection_options>> plan(const connection_settings& how) {
  char* unused = nullptr;
  const owned<PQconninfoOption> parsed(PQconninfoParse(how.connection.c_str(), &unused));
  const owned<char> why(unused);  // may quote a password
  if (!parsed) {
    return std::unexpected(
        error(errc::invalid_argument,
              "the connection string is malformed: expected keyword=value pairs, or a URI that "
              "begins with postgresql://"));
  }
  const connection_options looking{{"dbname", how.connection},
                                   {"target_session_attrs", no_session}};
  const auto refused = option_arrays(looking).start(true);
  if (!refused) throw std::bad_alloc();
  auto given = options_of(parsed.get());
  auto effective = options_of(owned<PQconninfoOption>(PQconninfo(refused.get())).get());
  if (value_of(effective, "target_session_attrs") != no_session) {
    return std::unexpected(error(
        errc::invalid_argument,
        "the connection options cannot be used: " + on_one_line(PQerrorMessage(refused.get()))));
  }
  if (value_of(given, "target_session_attrs").empty()) {
    set_value(given, "target_session_attrs", how.sessions);
  }
  set_value(effective, "target_session_attrs",
            std::string(value_of(given, "target_session_attrs")));
  if (value_of(effective, "application_name").empty()) {
    set_value(effective, "application_name", how.program);
  }
  return hosts_to_try(given, effective, how.allow_plaintext);
}

[[nodiscard]] std::string label_of(const connection_options& options) {
  auto host = value_of(options, "host");
  if (host.empty()) host = value_of(options, "hostaddr");
  std::string label(host.empty() ? "localhost" : host);
  const auto port = value_of(options, "port");
  if (!port.empty()) label += ":" + std::string(port);
  return label + "/" + std::string(value_of(options, "dbname"));
}

[[nodiscard]] std::chrono::seconds connect_timeout(const connection_options& options) {
  const auto text = value_of(options, "connect_timeout");
  int seconds = 0;
  std::from_chars(text.data(), text.data() + text.size(), seconds);
  return std::chrono::seconds(seconds > 0 ? seconds : 3600);
}

}  // namespace

// --- replies -------------------------------------------------------------------------------------

struct reply::content {
  owned<PGresult> rows;
};

reply::reply(std::unique_ptr<content> c) noexcept : content_(std::move(c)) {}
reply::reply(reply&&) noexcept = default;
reply& reply::operator=(reply&&) noexcept = default;
reply::~reply() = default;

std::size_t reply::rows() const noexcept {
  return static_cast<std::size_t>(PQntuples(content_->rows.get()));
}
std::size_t reply::columns() const noexcept {
  return static_cast<std::size_t>(PQnfields(content_->rows.get()));
}

wire::optional_bytes reply::field(std::size_t row, std::size_t column) const noexcept {
  if (row >= rows() || column >= columns()) return std::nullopt;
  const auto r = static_cast<int>(row);
  const auto c = static_cast<int>(column);
  const auto* const all = content_->rows.get();
  if (PQgetisnull(all, r, c) != 0 || PQfformat(all, c) != binary) return std::nullopt;
  return bytes(reinterpret_cast<const std::byte*>(PQgetvalue(all, r, c)),
               static_cast<std::size_t>(PQgetlength(all, r, c)));
}

wire::type reply::type_of(std::size_t column) const noexcept {
  return static_cast<wire::type>(PQftype(content_->rows.get(), static_cast<int>(column)));
}

error reply::missing(std::size_t column) const {
  return error(errc::server_error,
               "malformed answer: column " + std::to_string(column + 1) + " is missing");
}

error reply::in_column(std::size_t column, const error& why) const {
  return error(why.code(), "column " + std::to_string(column + 1) + ": " + why.message());
}

// --- sessions ------------------------------------------------------------------------------------

struct connection::session {
  owned<PGconn> handle;
  std::string label;
  bool prepares = true;
  bool was_sent = false;
  bool was_canceled_waiting = false;
  const char* begun = nullptr;  ///< what is done by a statement whose answer is not read yet
  std::unordered_map<std::string, std::string> prepared;  ///< names of statements

  /// "db1:5432/shop: cannot read the catalog: why"
  [[nodiscard]] std::unexpected<error> failed(errc code, const char* doing, std::string_view why,
                                              std::string details = {}) const {
    std::string sentence = label + ": cannot " + doing + ": ";
    sentence += why;
    return std::unexpected(error(code, std::move(sentence), std::move(details)));
  }
  /// The end of the connection.
  [[nodiscard]] std::unexpected<error> lost(const char* doing) {
    auto why = on_one_line(PQerrorMessage(handle.get()));
    handle.reset();
    return failed(errc::unavailable, doing, why.empty() ? "the connection was lost" : why);
  }
  [[nodiscard]] std::unexpected<error> too_late(const char* doing) {
    handle.reset();
    return failed(errc::unavailable, doing, "no answer before the deadline");
  }
  [[nodiscard]] std::unexpected<error> refused(const char* doing, const PGresult* r) {
    const auto state = field_of(r, PG_DIAG_SQLSTATE);
    if (state.empty() || PQstatus(handle.get()) != CONNECTION_OK) return lost(doing);
    return failed(code_of(state), doing,
                  on_one_line(field_of(r, PG_DIAG_MESSAGE_PRIMARY)) + " (SQLSTATE " + state + ")",
                  on_one_line(field_of(r, PG_DIAG_MESSAGE_DETAIL)));
  }

  [[nodiscard]] result<> begin(const char* doing, deadline until) {
    was_sent = was_canceled_waiting = false;
    if (!handle) return failed(errc::unavailable, doing, "the connection is closed");
    const auto* const before = std::exchange(begun, nullptr);
    if (before == nullptr) return {};
    const auto answer = whole_answer(before, until);
    was_canceled_waiting = false;
    return answer ? result<>() : std::unexpected(answer.error());
  }
  [[nodiscard]] result<> send(const char* doing, const std::string& statements, deadline until);
  [[nodiscard]] result<const char*> prepare(const char* doing, const std::string& statement,
                                            std::span<const Oid> types, deadline until);
  [[nodiscard]] result<> flush(const char* doing, deadline until);
  [[nodiscard]] result<owned<PGresult>> next(const char* doing, deadline until);
  [[nodiscard]] result<owned<PGresult>> whole_answer(const char* doing, deadline until);
  [[nodiscard]] result<> connect(deadline until);

  static void notice(void* self, const PGresult* r) {
    // Named by its function, because the text is in the server's language.
    if (field_of(r, PG_DIAG_SOURCE_FUNCTION) == "SyncRepWaitForLSN") {
      static_cast<session*>(self)->was_canceled_waiting = true;
    }
  }
};

result<> connection::session::flush(const char* doing, deadline until) {
  for (;;) {
    const int left = PQflush(handle.get());
    if (left == 0) return {};
    if (left < 0) return lost(doing);
    if (!wait_for(PQsocket(handle.get()), POLLIN | POLLOUT, until)) return too_late(doing);
    if (PQconsumeInput(handle.get()) == 0) return lost(doing);
  }
}

/// The next result, or null after the last: then the server is ready, and what it did is committed.
result<owned<PGresult>> connection::session::next(const char* doing, deadline until) {
  while (PQisBusy(handle.get()) != 0) {
    if (!wait_for(PQsocket(handle.get()), POLLIN, until)) return too_late(doing);
    if (PQconsumeInput(handle.get()) == 0) return lost(doing);
  }
  return owned<PGresult>(PQgetResult(handle.get()));
}

/// The last result, once the server is ready; an error if any of the results is one.
result<owned<PGresult>> connection::session::whole_answer(const char* doing, deadline until) {
  owned<PGresult> answer;
  owned<PGresult> failure;
  for (;;) {
    auto one = next(doing, until);
    if (!one) return std::unexpected(one.error());
    if (!*one) break;
    const auto status = PQresultStatus(one->get());
    const bool is_good = status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK;
    auto& place = is_good ? answer : failure;
    if (is_good || !failure) place = std::move(*one);
    if (status == PGRES_COPY_OUT || status == PGRES_COPY_IN) return lost(doing);
  }
  if (failure) return refused(doing, failure.get());
  if (!answer) return lost(doing);
  return answer;
}

result<> connection::session::send(const char* doing, const std::string& statements,
                                   deadline until) {
  if (auto ready = begin(doing, until); !ready) return ready;
  if (PQsendQuery(handle.get(), statements.c_str()) == 0) return lost(doing);
  was_sent = true;
  return flush(doing, until);
}

/// The name of a statement on the server, where it is parsed, and after some calls planned, once.
result<const char*> connection::session::prepare(const char* doing, const std::string& statement,
                                                 std::span<const Oid> types, deadline until) {
  const auto known = prepared.find(statement);
  if (known != prepared.end()) return known->second.c_str();
  auto name = "shelf_" + std::to_string(prepared.size() + 1);
  if (PQsendPrepare(handle.get(), name.c_str(), statement.c_str(), static_cast<int>(types.size()),
                    types.data()) == 0) {
    return lost(doing);
  }
  if (auto flushed = flush(doing, until); !flushed) return std::unexpected(flushed.error());
  if (auto done = whole_answer(doing, until); !done) return std::unexpected(done.error());
  return prepared.emplace(statement, std::move(name)).first->second.c_str();
}

result<> connection::session::connect(deadline until) {
  auto* const c = handle.get();
  constexpr const char* doing = "connect";
  if (PQstatus(c) != CONNECTION_BAD) {
    PQsetErrorVerbosity(c, PQERRORS_VERBOSE);  // only so does a refused login tell its SQLSTATE
    PQsetNoticeReceiver(c, notice, this);
    auto step = PGRES_POLLING_WRITING;
    while (step == PGRES_POLLING_READING || step == PGRES_POLLING_WRITING) {
      const auto events = step == PGRES_POLLING_READING ? POLLIN : POLLOUT;
      if (!wait_for(PQsocket(c), static_cast<short>(events), until)) return too_late(doing);
      step = PQconnectPoll(c);
    }
  }
  if (PQstatus(c) != CONNECTION_OK) {
    const std::string said = PQerrorMessage(c);
    const auto state = sql_state_in(said);
    handle.reset();
    return failed(state.empty() ? errc::unavailable : code_of(state), doing, on_one_line(said));
  }
  PQsetErrorVerbosity(c, PQERRORS_DEFAULT);
  if (PQsetnonblocking(c, 1) != 0) return lost(doing);
  return {};
}

// --- connections ---------------------------------------------------------------------------------

connection::connection(std::unique_ptr<session> s) noexcept : session_(std::move(s)) {}
connection::connection(connection&&) noexcept = default;
connection& connection::operator=(connection&&) noexcept = default;
connection::~connection() = default;

result<connection> connection::open(const connection_settings& how, deadline until) {
  auto hosts = plan(how);
  if (!hosts) return std::unexpected(hosts.error());
  std::string password;
  if (how.password && value_of(hosts->front(), "password").empty()) {
    auto told = how.password();
    if (!told) return std::unexpected(told.error());
    password = std::move(*told);
  }
  auto why = error(errc::unavailable);
  for (auto& options : *hosts) {
    if (!password.empty()) set_value(options, "password", password);
    auto s = std::make_unique<session>();
    s->label = label_of(options);
    s->prepares = how.prepares;
    s->handle = option_arrays(options).start(false);
    if (!s->handle) throw std::bad_alloc();
    const auto latest = steady_clock::now() + connect_timeout(options);
    auto connected = s->connect(std::min(until, latest));
    if (connected) return connection(std::move(s));
    // A refused login says more than that another host was not reached.
    if (why == errc::unavailable) why = connected.error();
    if (steady_clock::now() >= until) break;
  }
  return std::unexpected(std::move(why));
}

result<reply> connection::query(const char* doing, const std::string& statement,
                                std::span<const wire::parameter> parameters, deadline until) {
  auto& s = *session_;
  if (auto ready = s.begin(doing, until); !ready) return std::unexpected(ready.error());
  std::vector<Oid> types;
  std::vector<const char*> values;
  std::vector<int> sizes;
  const std::vector<int> formats(parameters.size(), binary);
  for (const auto& p : parameters) {
    types.push_back(static_cast<Oid>(p.what));
    // An empty value has an address too: libpq takes null for SQL's null.
    static constexpr char nothing = 0;
    const auto* const at = p.content && !p.content->empty()
                               ? reinterpret_cast<const char*>(p.content->data())
                               : &nothing;
    values.push_back(p.content ? at : nullptr);
    sizes.push_back(p.content ? static_cast<int>(p.content->size()) : 0);
  }
  const auto count = static_cast<int>(parameters.size());
  int sent = 0;
  if (s.prepares) {
    const auto name = s.prepare(doing, statement, types, until);
    if (!name) return std::unexpected(name.error());
    sent = PQsendQueryPrepared(s.handle.get(), *name, count, values.data(), sizes.data(),
                               formats.data(), binary);
  } else {
    sent = PQsendQueryParams(s.handle.get(), statement.c_str(), count, types.data(), values.data(),
                             sizes.data(), formats.data(), binary);
  }
  if (sent == 0) return s.lost(doing);
  s.was_sent = true;
  if (auto flushed = s.flush(doing, until); !flushed) return std::unexpected(flushed.error());
  auto answer = s.whole_answer(doing, until);
  if (!answer) return std::unexpected(answer.error());
  return reply(std::make_unique<reply::content>(std::move(*answer)));
}

result<> connection::run(const char* doing, const std::string& statements, deadline until) {
  auto& s = *session_;
  if (auto sent = s.send(doing, statements, until); !sent) return sent;
  auto answer = s.whole_answer(doing, until);
  if (!answer) return std::unexpected(answer.error());
  return {};
}

result<> connection::begin_run(const char* doing, const std::string& statements, deadline until) {
  auto& s = *session_;
  if (auto sent = s.send(doing, statements, until); !sent) return sent;
  s.begun = doing;
  return {};
}

result<> connection::copy(const char* doing, const std::string& statement, copy_stream rows,
                          detail::function_ref<result<>(std::span<const wire::optional_bytes>)> row,
                          deadline until) {
  auto& s = *session_;
  if (auto sent = s.send(doing, statement, until); !sent) return sent;
  auto first = s.next(doing, until);
  if (!first) return std::unexpected(first.error());
  if (!*first) return s.lost(doing);
  if (PQresultStatus(first->get()) != PGRES_COPY_OUT) {
    auto why = s.refused(doing, first->get());
    for (auto rest = s.next(doing, until); rest && *rest;) rest = s.next(doing, until);
    return why;
  }
  const auto give_up = [&](const error& why) {
    s.handle.reset();  // what is still under way belongs to this copy
    return s.failed(why.code(), doing, why.message());
  };
  for (;;) {
    char* at = nullptr;
    const int size = PQgetCopyData(s.handle.get(), &at, 1);
    const owned<char> piece(at);
    if (size == -1) break;
    if (size < -1) return s.lost(doing);
    if (size == 0) {
      if (!wait_for(PQsocket(s.handle.get()), POLLIN, until)) return s.too_late(doing);
      if (PQconsumeInput(s.handle.get()) == 0) return s.lost(doing);
      continue;
    }
    const bytes received(reinterpret_cast<const std::byte*>(at), static_cast<std::size_t>(size));
    if (auto added = rows.add(received); !added) return give_up(added.error());
    for (;;) {
      auto one = rows.next();
      if (!one) return give_up(one.error());
      if (!*one) break;
      if (auto taken = row(**one); !taken) return give_up(taken.error());
    }
  }
  auto end = s.whole_answer(doing, until);
  if (!end) return std::unexpected(end.error());
  if (!rows.is_whole()) return give_up(error(errc::server_error, "the copy has no end"));
  return {};
}

result<std::optional<std::string>> connection::wait_for_notification(deadline until) {
  constexpr const char* doing = "wait for a notification";
  auto& s = *session_;
  if (auto ready = s.begin(doing, until); !ready) return std::unexpected(ready.error());
  for (;;) {
    if (PQconsumeInput(s.handle.get()) == 0) return s.lost(doing);
    std::optional<std::string> heard;
    while (const auto one = owned<PGnotify>(PQnotifies(s.handle.get()))) heard = one->extra;
    if (heard) return heard;
    if (!wait_for(PQsocket(s.handle.get()), POLLIN, until)) return std::nullopt;
  }
}

bool connection::is_usable() const noexcept { return session_->handle != nullptr; }
bool connection::was_sent() const noexcept { return session_->was_sent; }
bool connection::was_canceled_waiting() const noexcept { return session_->was_canceled_waiting; }
const std::string& connection::label() const noexcept { return session_->label; }
int connection::server_version() const noexcept {
  return session_->handle ? PQserverVersion(session_->handle.get()) : 0;
}

}  // namespace shelf::cluster
