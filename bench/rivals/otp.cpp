// BENCH  rivals
// Runs otp.escript and reads its answer.
#include "otp.hpp"

#include <fmt/format.h>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>

namespace bench {

bool has_otp() {
  static const bool found = std::system("command -v escript >/dev/null 2>&1") == 0;
  return found;
}

double otp(const std::string& verb, const std::string& directory, std::size_t entries) {
  const auto command =
      fmt::format("escript {} {} {} {}", SHELF_OTP_BENCH, verb, directory, entries);
  FILE* const pipe = ::popen(command.c_str(), "r");
  double took = 0;
  const bool answered = pipe != nullptr && std::fscanf(pipe, "%lf", &took) == 1;
  const bool ended_well = pipe != nullptr && ::pclose(pipe) == 0;
  if (!answered || !ended_well) throw std::runtime_error("cannot run: " + command);
  return took;
}

}  // namespace bench
