// DEMO  the child process, seen from the parent
// posix_spawn of /proc/self/exe: parent and child share only the files and a pipe.
#include "child.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <stdexcept>
#include <string>
#include <system_error>

namespace demo {
namespace {

[[noreturn]] void refuse(int cause, const char* what) {
  throw std::system_error(cause, std::generic_category(), what);
}

}  // namespace

void acknowledge(int pipe, const acknowledgement& a) {
  // Less than PIPE_BUF, so the write is atomic.
  while (::write(pipe, &a, sizeof a) != static_cast<ssize_t>(sizeof a)) {
    if (errno != EINTR) refuse(errno, "the pipe");
  }
}

child::child(std::vector<std::string> words) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) refuse(errno, "no pipe for the child");
  // The child's end gets a descriptor that exec does not close.
  const int end = ::fcntl(ends[1], F_DUPFD, 3);
  words.insert(words.begin(), "shelf_demo");
  words.push_back(std::to_string(end));
  std::vector<char*> arguments;
  for (auto& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const int cause =
      ::posix_spawn(&process_, "/proc/self/exe", nullptr, nullptr, arguments.data(), ::environ);
  ::close(ends[1]);
  ::close(end);
  if (cause != 0) {
    ::close(ends[0]);
    refuse(cause, "the child could not be started");
  }
  listener_ = std::jthread([this, pipe = ends[0]] { listen(pipe); });
}

child::~child() {
  if (process_ <= 0) return;
  ::kill(process_, SIGKILL);
  (void)reap();
}

void child::listen(int pipe) {
  acknowledgement a{};
  for (;;) {
    const auto got = ::read(pipe, &a, sizeof a);
    if (got < 0 && errno == EINTR) continue;
    if (got != static_cast<ssize_t>(sizeof a)) break;
    {
      const std::scoped_lock lock(mutex_);
      heard_ = a;
    }
    begun_ = true;
  }
  ::close(pipe);
  ended_ = begun_ = true;
}

int child::reap() {
  int status = 0;
  while (::waitpid(process_, &status, 0) < 0 && errno == EINTR) {
  }
  process_ = -1;
  // Read what is left in the pipe: the acknowledgements before its end.
  if (listener_.joinable()) listener_.join();
  return status;
}

bool child::kill() {
  ::kill(process_, SIGKILL);
  const int status = reap();
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) return true;
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return false;
  throw std::runtime_error("the child failed with status " + std::to_string(status));
}

void child::wait() {
  const int status = reap();
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    throw std::runtime_error("the child failed with status " + std::to_string(status));
  }
}

}  // namespace demo
