// BENCH  rivals
// Runs otp.escript or mnesia.escript and reads the answer.
#include "otp.hpp"

#include <fmt/format.h>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>

namespace bench {
namespace {

[[nodiscard]] double answer_of(const std::string& command) {
  FILE* const pipe = ::popen(command.c_str(), "r");
  double took = 0;
  const bool answered = pipe != nullptr && std::fscanf(pipe, "%lf", &took) == 1;
  const bool ended_well = pipe != nullptr && ::pclose(pipe) == 0;
  if (!answered || !ended_well) throw std::runtime_error("cannot run: " + command);
  return took;
}

}  // namespace

bool has_otp() {
  static const bool found = std::system("command -v escript >/dev/null 2>&1") == 0;
  return found;
}

bool has_mnesia() {
  static const bool found =
      has_otp() && std::system(
                       "erl -noshell -eval 'application:load(mnesia) =:= ok andalso "
                       "halt(0), halt(1).' >/dev/null 2>&1") == 0;
  return found;
}

double otp(const std::string& verb, const std::string& directory, std::size_t entries) {
  return answer_of(fmt::format("escript {} {} {} {}", SHELF_OTP_BENCH, verb, directory, entries));
}

double mnesia(const mnesia_orders& o, const std::string& directory) {
  return answer_of(fmt::format("escript {} {} {} {} {} {} {} {}", SHELF_MNESIA_BENCH, o.verb,
                               o.storage, o.nodes, directory, o.accounts, o.processes,
                               o.operations));
}

}  // namespace bench
