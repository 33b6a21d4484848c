// BENCH  rivals
// A Redis of its own on a free port of the loopback interface, without a file, and a connection.
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
  /// Starts one, and connects. Throws if that takes more than ten seconds.
  explicit redis_server(const std::string& directory);
  ~redis_server();
  redis_server(const redis_server&) = delete;
  redis_server& operator=(const redis_server&) = delete;

  /// SET key value PX, pipelined: all commands in one write, then all answers.
  void set_many(std::span<const std::string> keys, std::string_view value,
                std::chrono::milliseconds expiry);
  /// GET key, pipelined likewise. Returns the bytes of all values together.
  [[nodiscard]] std::size_t get_many(std::span<const std::string> keys);

 private:
  void stop() noexcept;
  void connect_to(int port);
  void add_command(std::initializer_list<std::string_view> words);
  void send();
  /// What precedes the next end of a line.
  [[nodiscard]] std::string_view line();
  /// So many bytes.
  [[nodiscard]] std::string_view take(std::size_t size);
  void receive();

  ::pid_t child_ = -1;
  int socket_ = -1;
  std::string to_send_;
  std::string received_;
  std::size_t read_up_to_ = 0;
};

}  // namespace bench
