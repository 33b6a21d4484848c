// BENCH  rivals
// Redis: its protocol, RESP, in as many lines as its few commands take.
#include "rivals/redis_server.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cstdlib>
#include <stdexcept>
#include <thread>

namespace bench {
namespace {

[[nodiscard]] ::sockaddr_in loopback(int port) {
  ::sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

[[nodiscard]] int free_port() {
  const int probe = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  auto address = loopback(0);
  ::socklen_t size = sizeof address;
  const bool bound = ::bind(probe, reinterpret_cast<const ::sockaddr*>(&address), size) == 0 &&
                     ::getsockname(probe, reinterpret_cast<::sockaddr*>(&address), &size) == 0;
  ::close(probe);
  if (!bound) throw std::runtime_error("no free port");
  return ntohs(address.sin_port);
}

/// Ends with this process.
[[nodiscard]] ::pid_t start_server(const std::string& directory, int port, redis_server::file with,
                                   int replica_of) {
  const auto on = std::to_string(port);
  const auto* const has_file = with == redis_server::file::none ? "no" : "yes";
  const auto* const leader = replica_of == 0 ? "no" : "127.0.0.1";
  const auto its_port = replica_of == 0 ? "one" : std::to_string(replica_of);
  const auto child = ::fork();
  if (child != 0) return child;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  const int nowhere = ::open("/dev/null", O_RDWR);
  ::dup2(nowhere, STDOUT_FILENO);
  ::execlp("redis-server", "redis-server", "--port", on.c_str(), "--bind", "127.0.0.1", "--save",
           "", "--appendonly", has_file, "--appendfsync", "always", "--replicaof", leader,
           its_port.c_str(), "--dir", directory.c_str(), nullptr);
  ::_exit(1);
}

}  // namespace

bool has_redis() {
  static const bool found = std::system("command -v redis-server >/dev/null 2>&1") == 0;
  return found;
}

redis_server::redis_server(const std::string& directory, file with, int replica_of)
    : port_(free_port()), child_(start_server(directory, port_, with, replica_of)) {
  try {
    connect();
  } catch (...) {
    stop();
    throw;
  }
}

redis_server::~redis_server() { stop(); }

void redis_server::stop() noexcept {
  if (socket_ >= 0) ::close(socket_);
  if (child_ <= 0) return;
  ::kill(child_, SIGKILL);
  ::waitpid(child_, nullptr, 0);
}

void redis_server::connect() {
  const auto address = loopback(port_);
  for (int tries = 0; tries < 1000; ++tries) {
    socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (::connect(socket_, reinterpret_cast<const ::sockaddr*>(&address), sizeof address) == 0) {
      const int yes = 1;
      ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
      return;
    }
    ::close(socket_);
    socket_ = -1;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  throw std::runtime_error("redis-server does not answer");
}

void redis_server::set_many(std::span<const std::string> keys, std::string_view value,
                            std::chrono::milliseconds expiry) {
  const auto milliseconds = std::to_string(expiry.count());
  for (const auto& key : keys) add_command({"SET", key, value, "PX", milliseconds});
  send();
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (line() != "+OK") throw std::runtime_error("redis-server refused a SET");
  }
}

std::size_t redis_server::get_many(std::span<const std::string> keys) {
  for (const auto& key : keys) add_command({"GET", key});
  send();
  std::size_t total = 0;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const auto size = std::atoll(line().substr(1).data());
    if (size < 0) throw std::runtime_error("redis-server has lost a key");
    const std::string copy(take(static_cast<std::size_t>(size)));
    total += copy.size();
    (void)line();
  }
  return total;
}

bool redis_server::set_replicated(std::string_view key, std::string_view value) {
  add_command({"SET", key, value});
  add_command({"WAIT", "1", "1000"});
  send();
  if (line() != "+OK") throw std::runtime_error("redis-server refused a SET");
  return line() == ":1";
}

void redis_server::add_command(std::initializer_list<std::string_view> words) {
  const auto add_header = [&](char kind, std::size_t count) {
    to_send_.append(1, kind).append(std::to_string(count)).append("\r\n");
  };
  add_header('*', words.size());
  for (const auto word : words) {
    add_header('$', word.size());
    to_send_.append(word).append("\r\n");
  }
}

void redis_server::send() {
  std::string_view rest = to_send_;
  while (!rest.empty()) {
    const auto sent = ::send(socket_, rest.data(), rest.size(), MSG_NOSIGNAL);
    if (sent <= 0) throw std::runtime_error("redis-server has hung up");
    rest.remove_prefix(static_cast<std::size_t>(sent));
  }
  to_send_.clear();
}

std::string_view redis_server::line() {
  for (;;) {
    const auto end = received_.find("\r\n", read_up_to_);
    if (end == std::string::npos) {
      receive();
      continue;
    }
    const auto found = std::string_view(received_).substr(read_up_to_, end - read_up_to_);
    read_up_to_ = end + 2;
    return found;
  }
}

std::string_view redis_server::take(std::size_t size) {
  while (received_.size() - read_up_to_ < size) receive();
  const auto found = std::string_view(received_).substr(read_up_to_, size);
  read_up_to_ += size;
  return found;
}

void redis_server::receive() {
  received_.erase(0, read_up_to_);
  read_up_to_ = 0;
  const auto before = received_.size();
  constexpr std::size_t portion = 65536;
  received_.resize(before + portion);
  const auto got = ::recv(socket_, received_.data() + before, portion, 0);
  if (got <= 0) throw std::runtime_error("redis-server has hung up");
  received_.resize(before + static_cast<std::size_t>(got));
}

}  // namespace bench
