// TEST  crash
// Small files, harmed in every way: a harmed file is refused, or holds what it held.
#pragma once

#include "crash/oracle.hpp"
#include "crash/subject.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace shelf::crash {

/// A file and what it held at which time.
struct sample {
  std::string name;
  flavour what = flavour::map;
  std::vector<std::byte> bytes;
  bool sealed = false;
  std::vector<std::uint64_t> states;  ///< digests after each write, the last is the whole content
  std::size_t closed_state = 0;       ///< which of them the last clean close promised
  std::size_t synced_state = 0;       ///< which of them the last frame says was synced
};

/// One file of each kind, sealed and not.
[[nodiscard]] std::vector<sample> samples();

/// Opens harmed versions of one sample and judges what comes of it.
class damage_judge {
 public:
  explicit damage_judge(const sample& from);

  /// Harm by which the proof of what was synced stays: a lost write below it is not forgiven.
  void judge(const std::vector<std::byte>& harmed, const std::string& how);
  /// Harm that may take the proof away too: only what the header proves must be there or refused.
  void judge_without_proof(const std::vector<std::byte>& harmed, const std::string& how);

  [[nodiscard]] std::uint64_t tried() const noexcept { return tried_; }
  [[nodiscard]] std::uint64_t refused() const noexcept { return refused_; }
  /// Opened with less than all: only unsealed files, and reported.
  [[nodiscard]] std::uint64_t shortened() const noexcept { return shortened_; }
  [[nodiscard]] const std::vector<std::string>& violations() const noexcept { return violations_; }

 private:
  void look(const std::vector<std::byte>& harmed, std::size_t least_state, const std::string& how);
  void judge_opened(std::size_t least_state, const std::string& how);
  void complain(const std::string& how, const std::string& what);

  const sample& from_;
  std::unique_ptr<subject> table_;
  std::uint64_t tried_ = 0;
  std::uint64_t refused_ = 0;
  std::uint64_t shortened_ = 0;
  std::vector<std::string> violations_;
};

}  // namespace shelf::crash
