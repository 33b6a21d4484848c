// CLUSTER  [cluster] -> api -> engine -> stores -> journal -> file
// Keeps what is not a whole row yet; what has been handed out goes with the next piece.
#include "cluster/copy_stream.hpp"

#include "term/external_format.hpp"

#include <string>

namespace shelf::cluster {
namespace {

using terms::load_big;

constexpr std::string_view signature("PGCOPY\n\xFF\r\n\0", 11);
constexpr std::size_t header_size = signature.size() + 8;
constexpr std::uint16_t end_of_rows = 0xFFFF;
constexpr std::uint32_t null_size = 0xFFFFFFFF;
constexpr std::uint32_t largest_extension = 1024;

[[nodiscard]] std::unexpected<error> malformed(const char* why) {
  return std::unexpected(error(errc::server_error, std::string("malformed copy: ") + why));
}

}  // namespace

result<> copy_stream::add(bytes piece) {
  received_.erase(received_.begin(), received_.begin() + static_cast<std::ptrdiff_t>(taken_));
  taken_ = 0;
  if (is_whole_ && !piece.empty()) return malformed("bytes follow its end");
  received_.insert(received_.end(), piece.begin(), piece.end());
  return {};
}

result<bool> copy_stream::take_header() {
  const auto here = rest();
  if (here.size() < header_size) return false;
  if (as_text(here.first(signature.size())) != signature) return malformed("no signature");
  if (load_big<std::uint32_t>(here.data() + signature.size()) != 0) return malformed("its flags");
  const auto extension = load_big<std::uint32_t>(here.data() + signature.size() + 4);
  if (extension > largest_extension) return malformed("its header is too large");
  if (here.size() < header_size + extension) return false;
  taken_ += header_size + extension;
  return is_begun_ = true;
}

result<bool> copy_stream::take_row() {
  auto here = rest();
  if (here.size() < 2) return false;
  const auto fields = load_big<std::uint16_t>(here.data());
  here = here.subspan(2);
  if (fields == end_of_rows) {
    if (!here.empty()) return malformed("bytes follow its end");
    is_whole_ = true;
    taken_ = received_.size();
    return false;
  }
  if (fields != row_.size()) return malformed("a row of another size");
  for (auto& field : row_) {
    if (here.size() < 4) return false;
    const auto size = load_big<std::uint32_t>(here.data());
    here = here.subspan(4);
    if (size == null_size) {
      field.reset();
      continue;
    }
    if (size > largest_) return malformed("a field is too large");
    if (here.size() < size) return false;
    field = here.first(size);
    here = here.subspan(size);
  }
  taken_ = received_.size() - here.size();
  return true;
}

result<std::optional<std::span<const wire::optional_bytes>>> copy_stream::next() {
  using row = std::optional<std::span<const wire::optional_bytes>>;
  if (is_whole_) return row();
  if (!is_begun_) {
    auto begun = take_header();
    if (!begun) return std::unexpected(begun.error());
    if (!*begun) return row();
  }
  auto taken = take_row();
  if (!taken) return std::unexpected(taken.error());
  return *taken ? row(row_) : row();
}

}  // namespace shelf::cluster
