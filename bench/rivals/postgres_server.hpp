// BENCH  rivals
// A PostgreSQL server of its own that syncs, and upserts as a program without shelf sends them.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace bench {

/// Whether there is a server.
[[nodiscard]] bool has_postgres();

class postgres_server {
 public:
  enum class standby {
    none,
    synchronous,  ///< confirms each commit before it is acknowledged
  };
  /// Starts it with its files in `directory`, which the server's user can reach. Throws if that
  /// fails.
  postgres_server(const std::string& directory, standby with);
  ~postgres_server();
  postgres_server(const postgres_server&) = delete;
  postgres_server& operator=(const postgres_server&) = delete;

  /// As libpq takes it, of its superuser.
  [[nodiscard]] const std::string& connection() const noexcept { return connection_; }

 private:
  void stop() noexcept;

  std::string directory_;
  std::string connection_;
};

/// `INSERT ... ON CONFLICT DO UPDATE` into a table of keys and values, as prepared statements of
/// one connection.
class raw_upserts {
 public:
  explicit raw_upserts(const postgres_server& of);
  ~raw_upserts();
  raw_upserts(const raw_upserts&) = delete;
  raw_upserts& operator=(const raw_upserts&) = delete;

  /// In a transaction of its own.
  void put(std::string_view key, std::string_view value);
  /// Pipelined, in one transaction: `count` entries, of which key(i) is one.
  template <class Key>
  void put_many(std::size_t count, Key key, std::string_view value) {
    begin();
    for (std::size_t i = 0; i < count; ++i) send(key(i), value);
    finish(count);
  }

 private:
  struct session;
  void begin();
  void send(std::string_view key, std::string_view value);
  void finish(std::size_t count);

  std::unique_ptr<session> session_;
};

}  // namespace bench
