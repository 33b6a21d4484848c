// TERM  vocabulary of every room
// Opens envelopes. A declared size is believed as far as the limits go, and the stream must keep
// it.
#include "term/envelope.hpp"

#include "term/external_format.hpp"
#include "term/validation.hpp"

#include <zlib.h>

#include <algorithm>
#include <limits>
#include <new>
#include <string>

namespace shelf::terms {
namespace {

constexpr std::size_t compressed_header = 6;  // version, tag, size

class inflater {
 public:
  inflater() {
    if (inflateInit(&stream_) != Z_OK) throw std::bad_alloc();  // the only way left to fail
  }
  inflater(const inflater&) = delete;
  inflater& operator=(const inflater&) = delete;
  ~inflater() { inflateEnd(&stream_); }

  // True if the stream ends with `out` just full. `out` has a byte to spare: a longer stream fills
  // it.
  bool fill(bytes in, std::vector<std::byte>& out) {
    constexpr std::size_t most = std::numeric_limits<uInt>::max();
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(in.data()));
    stream_.avail_in = static_cast<uInt>(std::min(in.size(), most));
    stream_.next_out = reinterpret_cast<Bytef*>(out.data());
    stream_.avail_out = static_cast<uInt>(std::min(out.size(), most));
    const int status = inflate(&stream_, Z_FINISH);
    return status == Z_STREAM_END && stream_.total_out == out.size() - 1;
  }
  std::size_t read() const noexcept { return stream_.total_in; }

 private:
  z_stream stream_{};
};

std::size_t most_inflated(std::size_t stream, const term_limits& bounds) {
  const auto by_ratio =
      stream < bounds.inflated_bytes ? stream * bounds.inflation_ratio : bounds.inflated_bytes;
  const auto most = std::max(by_ratio, bounds.inflated_floor);
  return std::min({most, bounds.inflated_bytes, max_term_bytes});
}

result<opened> open_compressed(bytes input, const term_limits& bounds) {
  const auto refuse = [](errc code, const std::string& cause) {
    return std::unexpected(error(code, "byte 1: tag 80: " + cause));
  };
  if (input.size() < compressed_header) return refuse(errc::corrupt, "the size is cut off");
  const std::size_t size = load_big<std::uint32_t>(input.data() + 2);
  const auto stream = input.subspan(compressed_header);
  const auto most = most_inflated(stream.size(), bounds);
  if (size > most) {
    return refuse(errc::size_limit_exceeded,
                  std::to_string(stream.size()) + " bytes claim to inflate to " +
                      std::to_string(size) + ", more than " + std::to_string(most));
  }
  opened o;
  o.compressed = true;
  o.inflated.resize(size + 1);
  inflater inflate;
  if (!inflate.fill(stream, o.inflated)) {
    return refuse(errc::corrupt, "the stream is broken or not " + std::to_string(size) + " bytes");
  }
  o.inflated.pop_back();
  o.term = o.inflated;
  o.consumed = compressed_header + inflate.read();
  return o;
}

}  // namespace

result<opened> open_envelope(bytes input, const term_limits& bounds) {
  if (input.empty()) return std::unexpected(error(errc::corrupt, "byte 0: the term is empty"));
  if (input[0] != version_byte) {
    return std::unexpected(
        error(errc::corrupt, "byte 0: " + std::to_string(std::to_integer<unsigned>(input[0])) +
                                 " instead of the version byte 131"));
  }
  if (input.size() > 1 && input[1] == static_cast<std::byte>(tag::compressed)) {
    return open_compressed(input, bounds);
  }
  opened o;
  o.term = input.subspan(1);
  o.header = 1;
  return o;
}

}  // namespace shelf::terms
