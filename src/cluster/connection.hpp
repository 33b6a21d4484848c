// CLUSTER  [cluster] -> api -> engine -> stores -> journal -> file
// One connection to a PostgreSQL server. Its source is the only one that knows libpq.
#pragma once

#include "cluster/copy_stream.hpp"
#include "cluster/deadline.hpp"
#include "cluster/wire.hpp"
#include "shelf/detail/function_ref.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

namespace shelf::cluster {

/// Where a server is and how it is spoken to.
struct connection_settings {
  std::string connection;  ///< as libpq takes it: keyword=value pairs, a URI, a service
  bool allow_plaintext = false;
  std::string sessions = "read-write";  ///< target_session_attrs, unless `connection` has them
  bool prepares = true;  ///< statements, once each; false: a pooler may change the session
  std::function<result<std::string>()> password =
      {};                         ///< asked for it, unless `connection` has one
  std::string program = "shelf";  ///< what the server's views call us
};

/// The rows of an answer. Views are valid as long as it.
class reply {
 public:
  struct content;
  explicit reply(std::unique_ptr<content> c) noexcept;
  reply(reply&&) noexcept;
  reply& operator=(reply&&) noexcept;
  ~reply();

  [[nodiscard]] std::size_t rows() const noexcept;
  [[nodiscard]] std::size_t columns() const noexcept;
  /// A field, or absent if it is null or not there.
  [[nodiscard]] wire::optional_bytes field(std::size_t row, std::size_t column) const noexcept;
  /// A field that is not null, as T. Errors: server_error, which names the column.
  template <class T>
  [[nodiscard]] result<T> get(std::size_t row, std::size_t column) const {
    const auto here = field(row, column);
    if (!here) return std::unexpected(missing(column));
    auto value = wire::decode<T>(type_of(column), *here);
    if (!value) return std::unexpected(in_column(column, value.error()));
    return value;
  }

 private:
  [[nodiscard]] wire::type type_of(std::size_t column) const noexcept;
  [[nodiscard]] error missing(std::size_t column) const;
  [[nodiscard]] error in_column(std::size_t column, const error& why) const;

  std::unique_ptr<content> content_;
};

/// A connection. Every call has a deadline; one that passes it closes the connection and never
/// cancels a statement, because canceling a commit would make it visible before it is replicated.
/// Errors of its calls: unavailable (not reached, lost, or no answer in time), denied (login,
/// privilege), no_space, size_limit_exceeded, server_error. The message names the server, what was
/// done, and the server's own words; never a password.
/// Thread safety: one thread at a time.
class connection {
 public:
  /// Tries the hosts in order, each for at most connect_timeout, until one takes the session.
  /// Errors: invalid_argument: the string is malformed, or weaker than it may be.
  /// Cost: host names are resolved by the system, which knows no deadline.
  [[nodiscard]] static result<connection> open(const connection_settings& how, deadline until);
  connection(connection&&) noexcept;
  connection& operator=(connection&&) noexcept;
  ~connection();

  /// Executes one statement, which the server prepares once; values come in binary. `doing` is for
  /// messages: "read the catalog".
  [[nodiscard]] result<reply> query(const char* doing, const std::string& statement,
                                    std::span<const wire::parameter> parameters, deadline until);
  /// Executes statements, separated by semicolons, in one transaction.
  [[nodiscard]] result<> run(const char* doing, const std::string& statements, deadline until);
  /// The same, but does not wait for the answer: the next call of this connection does, and fails
  /// before it sends anything if that answer is an error.
  [[nodiscard]] result<> begin_run(const char* doing, const std::string& statements,
                                   deadline until);
  /// Executes a COPY ... TO STDOUT (FORMAT binary) and calls `row` with each row.
  [[nodiscard]] result<> copy(
      const char* doing, const std::string& statement, copy_stream rows,
      detail::function_ref<result<>(std::span<const wire::optional_bytes>)> row, deadline until);
  /// Waits until the server has notified something that is listened for, and forgets it: the last
  /// payload. None: the deadline passed, and the connection stays.
  [[nodiscard]] result<std::optional<std::string>> wait_for_notification(deadline until);

  /// False after a failure that ended the connection.
  [[nodiscard]] bool is_usable() const noexcept;
  /// Whether the statement of the last query may have reached the server.
  [[nodiscard]] bool was_sent() const noexcept;
  /// Whether the server warned that the last statement was committed but perhaps not replicated.
  [[nodiscard]] bool was_canceled_waiting() const noexcept;
  /// As in messages: "db1:5432/shop".
  [[nodiscard]] const std::string& label() const noexcept;
  /// 150004 for 15.4.
  [[nodiscard]] int server_version() const noexcept;

 private:
  struct session;
  explicit connection(std::unique_ptr<session> s) noexcept;
  std::unique_ptr<session> session_;
};

}  // namespace shelf::cluster
