// TERM  vocabulary of every room
// Reads terms from bytes nobody vouches for, head by head: the one place that trusts no length.
#pragma once

#include "error/utf8.hpp"
#include "shelf/detail/bytes.hpp"
#include "shelf/error.hpp"
#include "term/external_format.hpp"
#include "term/limits.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>

namespace shelf::terms {

/// The head of a term: all of a scalar, or of a container what stands before its children.
struct head {
  tag what = tag::none;        ///< none: reading failed, see reader::failure()
  std::size_t start = 0;       ///< where the tag stands
  std::size_t body = 0;        ///< scalars: where the content behind tag and length begins
  std::size_t end = 0;         ///< where the next term begins; of a container, its first child
  std::uint64_t children = 0;  ///< terms that follow and belong to it; a list's tail included

  explicit operator bool() const noexcept { return what != tag::none; }
};

/// What stands in a fun before its free variables.
struct fun_head {
  std::byte arity{};
  bytes unique;  ///< 16 bytes
  std::uint32_t index = 0;
  std::uint32_t free_variables = 0;
  head module;
  head old_index_as_read;
  head old_unique_as_read;
  std::int32_t old_index = 0;   ///< the 32 bits of it that OTP keeps
  std::int32_t old_unique = 0;  ///< likewise
  head creator;
};

/// Reads heads in the order in which they stand. Every length is checked against the bytes left
/// before anything is done with it: a container's count against the least its children could take.
/// Nesting is the caller's to bound. After a failure only failure() may be called.
class reader {
 public:
  /// `base` is what the messages add to offsets: the bytes in front of `input` that the caller
  /// knows of.
  reader(bytes input, const term_limits& bounds, std::size_t base = 0) noexcept
      : input_(input), bounds_(bounds), base_(base) {}

  [[nodiscard]] std::size_t position() const noexcept { return at_; }
  [[nodiscard]] std::size_t left() const noexcept { return input_.size() - at_; }
  [[nodiscard]] bytes content(const head& h) const noexcept {
    return input_.subspan(h.body, h.end - h.body);
  }
  /// Reads the head at position() and moves to where the next term begins.
  [[nodiscard]] head next() {
    head h = common();  // not copied: a copy would wait for what was just stored in pieces
    if (!h) [[unlikely]]
      h = any();
    return h;
  }

  // Parts of scalars that next() has accepted.
  /// The node atom of a pid, port or reference; what follows it begins at its end.
  [[nodiscard]] head node_of(const head& h) const;
  /// The parts of a new_fun.
  [[nodiscard]] fun_head fun_of(const head& h) const;
  /// The module, function and arity of a fun_export.
  [[nodiscard]] std::array<head, 3> export_of(const head& h) const;
  /// The finite value of an old_float; nullopt if its text is not OTP's.
  [[nodiscard]] static std::optional<double> parse_old_float(bytes text) noexcept;

  /// Why reading failed.
  [[nodiscard]] error failure() const;
  // Failures that only a caller can see.
  head fail(errc code, std::size_t at, std::string cause);
  head too_deep(const head& h, std::size_t bound);
  head trailing();

 private:
  /// The tags most terms are made of, if they are in order; what any() says of them is the same.
  [[nodiscard]] head common() noexcept;
  [[nodiscard]] head any();
  [[nodiscard]] head number(head h);
  [[nodiscard]] head big_integer(head h, std::size_t count_size);
  [[nodiscard]] head float_text(head h);
  [[nodiscard]] head atom(head h);
  [[nodiscard]] head name(head h, std::size_t length_size);
  [[nodiscard]] head identifier(head h);
  [[nodiscard]] head reference(head h);
  [[nodiscard]] head small_reference(head h);
  [[nodiscard]] head blob(head h);
  [[nodiscard]] head container(head h);
  [[nodiscard]] head fun(head h);
  [[nodiscard]] head fun_number(const head& h);
  [[nodiscard]] head exported(head h);

  [[nodiscard]] head sized(head h, std::size_t length_size, std::uint64_t unit = 1);
  [[nodiscard]] tag peek() const noexcept;
  [[nodiscard]] head inner_atom(const head& h, const char* role);
  [[nodiscard]] bool check_creation(const head& h, std::size_t at);
  [[nodiscard]] head bad(const head& h, std::string cause);
  [[nodiscard]] head take(head h, std::uint64_t size);
  [[nodiscard]] std::int32_t low_32_bits(const head& h) const noexcept;
  [[nodiscard]] const std::byte* pointer(std::size_t at) const noexcept {
    return input_.data() + at;
  }

  bytes input_;
  term_limits bounds_;
  std::size_t base_ = 0;
  std::size_t at_ = 0;
  std::optional<error> failure_;
};

inline head reader::common() noexcept {
  constexpr std::size_t longest_head = 5;
  const auto had = left();
  if (had < longest_head) return {};
  const auto* at = pointer(at_);
  const auto what = static_cast<tag>(*at);
  std::size_t before = 1;  // tag and length
  std::size_t content = 0;
  std::uint64_t children = 0;
  switch (what) {
    case tag::small_integer: content = 1; break;
    case tag::integer: content = 4; break;
    case tag::nil: break;
    case tag::binary:
      before = 5;
      content = load_big<std::uint32_t>(at + 1);
      break;
    case tag::string:
      before = 3;
      content = load_big<std::uint16_t>(at + 1);
      break;
    case tag::small_atom_utf8:
      before = 2;
      content = std::to_integer<std::size_t>(at[1]);
      if (content > had - before || !is_ascii({at + before, content})) return {};
      break;
    case tag::new_float:
      content = 8;
      if (had <= content || (load_big<std::uint16_t>(at + 1) & 0x7FF0) == 0x7FF0) return {};
      break;
    case tag::small_tuple:
      before = 2;
      children = std::to_integer<std::uint64_t>(at[1]);
      break;
    case tag::list:
      before = 5;
      children = load_big<std::uint32_t>(at + 1) + std::uint64_t{1};
      break;
    case tag::map:
      before = 5;
      children = load_big<std::uint32_t>(at + 1) * std::uint64_t{2};
      break;
    default: return {};
  }
  if (before + content + children > had) return {};  // a child takes a byte at least
  const auto start = std::exchange(at_, at_ + before + content);
  return {what, start, start + before, at_, children};
}

/// Where a walk down a term stands: how many children each open container still awaits.
/// A list's tail is no deeper than the list: when only the tail is awaited, the list is left and
/// the tail takes its place. So a chain of cells in a row is one list, not a tower.
class nesting {
 public:
  explicit nesting(const term_limits& bounds) noexcept
      : bound_(bounds.nesting < max_nesting ? bounds.nesting : max_nesting) {}

  [[nodiscard]] bool empty() const noexcept { return depth_ == 0; }
  [[nodiscard]] bool full() const noexcept { return depth_ >= bound_; }
  [[nodiscard]] std::size_t bound() const noexcept { return bound_; }
  [[nodiscard]] bool at_tail() const noexcept {
    return depth_ > 0 && levels_[depth_ - 1].is_list && levels_[depth_ - 1].awaited == 1;
  }
  void enter(const head& h) noexcept { levels_[depth_++] = {h.children, h.what == tag::list}; }
  void leave() noexcept { --depth_; }
  /// The tail is another list: its elements are awaited at this level.
  void extend(const head& h) noexcept { levels_[depth_ - 1].awaited = h.children; }
  /// A term is complete, and with it every container that awaited only it.
  void complete() noexcept {
    while (depth_ > 0 && --levels_[depth_ - 1].awaited == 0) --depth_;
  }

 private:
  struct level {
    std::uint64_t awaited;
    bool is_list;
  };
  std::size_t bound_;
  std::size_t depth_ = 0;
  std::array<level, max_nesting> levels_;  // left raw: 16 KiB that most terms never touch
};

}  // namespace shelf::terms
