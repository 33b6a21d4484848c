// CLUSTER  [cluster] -> api -> engine -> stores -> journal -> file
// A database opened over a server, and what the program asks of it as of a replica.
#include "cluster/declaring.hpp"
#include "cluster/postgres_server.hpp"
#include "cluster/replication.hpp"
#include "cluster/server_settings.hpp"

#include <charconv>
#include <utility>

namespace shelf::cluster {
namespace {

[[nodiscard]] space_settings settings_of(const config& how) {
  return {.connection = {.connection = how.connection,
                         .allow_plaintext = how.allow_plaintext,
                         .prepares = !how.pooled,
                         .password = how.password,
                         .program = "shelf " + how.node},
          .schema = how.schema,
          .space = how.space,
          .promise = how.promise};
}

/// To where the tables are read from, or to where they are written if that is not reached.
[[nodiscard]] result<std::unique_ptr<server>> connect_to_read(const config& how, deadline until) {
  auto settings = settings_of(how);
  settings.connection.connection = how.read_from;
  settings.connection.sessions = "any";
  settings.promise.reset();
  settings.is_standby = true;
  const auto now = std::chrono::steady_clock::now();
  auto session = open_postgres(settings, now + (until - now) / 2);
  if (session || session.error() != errc::unavailable) return session;
  return open_postgres(settings_of(how), until);
}

}  // namespace

result<std::shared_ptr<detail::database_core>> open_replicated(
    connect_function connect, replication_settings how, detail::core_config config,
    std::vector<detail::wanted_table> declared) {
  const auto until = std::chrono::steady_clock::now() + how.deadline;
  const auto wanted = types_of(declared);
  config.name = how.label;
  config.may_be_stale = how.max_staleness.count() != 0;
  auto opened = detail::open_replica(std::move(config), std::move(declared));
  if (!opened) return std::unexpected(opened.error());
  auto begun = [&]() -> result<> {
    auto session = connect(until);
    if (!session) return std::unexpected(session.error());
    if (auto done = declare_at(**session, wanted, until); !done) return done;
    auto by = std::make_shared<replication>(*opened->memory, std::move(connect), std::move(how));
    auto& started = *by;
    set_authority(*opened->database, std::move(by));
    return started.begin(std::move(*session), until);
  }();
  if (begun) return std::move(opened->database);
  opened->database->abandon();
  return std::unexpected(begun.error());
}

replica_status replica::status() const { return of_->status(); }

position replica::position() const { return of_->status().position; }

result<> replica::wait_for(const cluster::position& at, std::chrono::milliseconds wait) const {
  return of_->wait_for(at, std::chrono::steady_clock::now() + wait);
}

event_feed replica::events() const { return event_feed(of_->events()); }

result<write_outcome> replica::outcome(std::uint64_t ticket) const {
  if (auto known = of_->outcome(ticket)) return *std::move(known);
  return std::unexpected(error(
      errc::not_found, "no write has the ticket " + std::to_string(ticket) + ", or none any more"));
}

result<write_outcome> replica::outcome(const ticket& of) const {
  const auto& core = detail::database_access::core_of(of);
  if (!core || detail::authority_of(*core) != of_) {
    return std::unexpected(
        error(errc::invalid_argument, "the ticket is not one of a transaction of this database"));
  }
  using state = write_outcome::state;
  const auto& posted = detail::database_access::posted_of(of);
  const auto known = posted ? posted->outcome() : std::optional(result<>());
  if (!known) return write_outcome{};
  if (*known) return write_outcome{.is = state::committed};
  const bool is_lost = known->error() == errc::indeterminate;
  return write_outcome{.is = is_lost ? state::unknown : state::rejected, .why = known->error()};
}

std::optional<event> event_feed::next(std::chrono::milliseconds wait) { return from_->next(wait); }

result<replica> of(const database& db) {
  const auto& core = detail::database_access::core_of(db);
  auto by = core ? detail::authority_of(*core) : nullptr;
  if (auto followed = std::dynamic_pointer_cast<replication>(by)) {
    return replica(std::move(followed));
  }
  return std::unexpected(
      error(errc::invalid_argument, "the database is not one of a cluster; see cluster::open"));
}

std::string to_string(const position& at) {
  return std::to_string(at.seq) + ":" + to_string(uuid{at.nonce});
}

result<position> position_from(std::string_view text) {
  position at;
  const auto* const end = text.data() + text.size();
  const auto [colon, failed] = std::from_chars(text.data(), end, at.seq);
  const auto name = failed == std::errc() && colon != end && *colon == ':'
                        ? uuid_from(std::string_view(colon + 1, end))
                        : std::nullopt;
  if (name && at.seq >= 0) {
    at.nonce = name->content;
    return at;
  }
  return std::unexpected(error(errc::invalid_argument, "the text is not a position"));
}

}  // namespace shelf::cluster

namespace shelf::detail {

result<std::shared_ptr<database_core>> open_cluster(cluster::config how,
                                                    std::vector<wanted_table> declared) {
  using namespace cluster;
  constexpr std::chrono::minutes longest(5);  // a call is known to the server for longer
  if (how.max_staleness.count() < 0 || how.deadline.count() <= 0 || how.deadline > longest) {
    return std::unexpected(error(errc::invalid_argument,
                                 "config.deadline must be positive and at most five minutes, and "
                                 "max_staleness must not be negative"));
  }
  core_config config;
  config.on_error = std::move(how.on_error);
  config.limits.entry_bytes = cluster_entry_bytes;
  replication_settings settings{.label = how.schema + "." + how.space,
                                .node = how.node,
                                .deadline = how.deadline,
                                .max_staleness = how.max_staleness};
  if (!how.read_from.empty()) {
    settings.connect_to_read = [how](deadline until) { return connect_to_read(how, until); };
  }
  auto connecting = [to = settings_of(how)](deadline until) { return open_postgres(to, until); };
  return open_replicated(std::move(connecting), std::move(settings), std::move(config),
                         std::move(declared));
}

}  // namespace shelf::detail
