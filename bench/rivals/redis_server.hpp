// BENCH  rivals
// A Redis of its own on a free port of the loopback interface, and a connection.
#pragma once

#include <sys/types.h>
#include <chrono>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace bench {

/// Whether there is a `redis-server`.
[[nodiscard]] bool has_redis();

class redis_server {
 public:
  enum class file {
    none,
    always_synced,  ///< before a command is answered
  };
  /// Starts one, and connects; as a replica, if it is given the port of another. Throws if that
  /// takes more than ten seconds.
  explicit redis_server(const std::string& directory, file with = file::none, int replica_of = 0);
  ~redis_server();
  redis_server(const redis_server&) = delete;
  redis_server& operator=(const redis_server&) = delete;

  /// SET key value PX, pipelined: all commands in one write, then all answers.
  void set_many(std::span<const std::string> keys, std::string_view value,
                std::chrono::milliseconds expiry);
  /// GET key, pipelined likewise. Returns the bytes of all values together.
  [[nodiscard]] std::size_t get_many(std::span<const std::string> keys);
  /// SET key value, and WAIT for a replica, in one write. False if none confirms it within a
  /// second.
  [[nodiscard]] bool set_replicated(std::string_view key, std::string_view value);
  [[nodiscard]] int port() const noexcept { return port_; }

 private:
  void stop() noexcept;
  void connect();
  void add_command(std::initializer_list<std::string_view> words);
  void send();
  /// What precedes the next end of a line.
  [[nodiscard]] std::string_view line();
  /// So many bytes.
  [[nodiscard]] std::string_view take(std::size_t size);
  void receive();

  const int port_;
  ::pid_t child_ = -1;
  int socket_ = -1;
  std::string to_send_;
  std::string received_;
  std::size_t read_up_to_ = 0;
};

}  // namespace bench
