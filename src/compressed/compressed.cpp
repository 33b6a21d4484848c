// COMPRESSED  [compressed] -> api -> codec -> term
// Terms as frames of zstd; the only source that knows zstd.
#include "shelf/compressed.hpp"

#include <zstd.h>

#include <string>

namespace shelf::detail {
namespace {

//   content := 0:u8 term | 1:u8 frame
//   term    := the canonical term of the value
//   frame   := one frame of zstd (RFC 8878) that declares the size of its content, a term
constexpr std::byte plain{0};
constexpr std::byte packed{1};

/// A frame is longer than this, so shorter terms are not tried.
constexpr std::size_t shortest_worth_packing = 32;
/// A block of a frame takes at least 4 bytes and holds at most 128 KiB.
constexpr std::size_t least_block = 4;
constexpr std::size_t most_in_block = std::size_t{128} << 10;

void encode_marked(encoder& out, std::byte marker, bytes rest) {
  std::vector<std::byte> content;
  content.reserve(rest.size() + 1);
  content.push_back(marker);
  content.insert(content.end(), rest.begin(), rest.end());
  const encoder::copying made_here(out);
  out.binary(content);
}

std::unexpected<error> refuse(std::string why) {
  return std::unexpected(error(errc::type_mismatch, std::move(why)));
}

/// The size of the term in `frame`: checked against all that is known without unpacking it.
result<std::size_t> declared_size(bytes frame, std::size_t max_bytes) {
  const auto declared = ZSTD_getFrameContentSize(frame.data(), frame.size());
  if (declared == ZSTD_CONTENTSIZE_ERROR) return refuse("a binary without a zstd frame");
  if (declared == ZSTD_CONTENTSIZE_UNKNOWN) return refuse("a zstd frame that declares no size");
  const std::size_t length = ZSTD_findFrameCompressedSize(frame.data(), frame.size());
  if (ZSTD_isError(length) != 0) return refuse("a zstd frame that is truncated or corrupt");
  if (length != frame.size()) return refuse("more bytes after a zstd frame");
  if (declared > max_bytes) {
    return refuse("a zstd frame of " + std::to_string(declared) +
                  " bytes, more than the limit of " + std::to_string(max_bytes));
  }
  if (declared == 0 || declared / most_in_block > frame.size() / least_block) {
    return refuse("a zstd frame that declares a wrong size");
  }
  return static_cast<std::size_t>(declared);
}

}  // namespace

void encode_compressed(encoder& out, bytes term, int level) {
  if (term.size() < shortest_worth_packing) return encode_marked(out, plain, term);
  const std::size_t most = ZSTD_compressBound(term.size());
  const auto frame = std::make_unique_for_overwrite<std::byte[]>(most);
  const std::size_t size = ZSTD_compress(frame.get(), most, term.data(), term.size(), level);
  // It fails only for want of memory; the plain term is as good, and says the same.
  if (ZSTD_isError(size) != 0 || size >= term.size()) return encode_marked(out, plain, term);
  encode_marked(out, packed, {frame.get(), size});
}

result<unpacked_term> unpack_term(bytes content, std::size_t max_bytes) {
  if (content.empty()) return refuse("an empty binary");
  const bytes rest = content.subspan(1);
  if (content[0] == plain) {
    if (rest.size() > max_bytes) return refuse("a term larger than the limit");
    return unpacked_term{.term = rest};
  }
  if (content[0] != packed) return refuse("a binary with an unknown marker");
  const result<std::size_t> size = declared_size(rest, max_bytes);
  if (!size) return std::unexpected(error(size.error()));
  unpacked_term made{.unpacked = std::make_unique_for_overwrite<std::byte[]>(*size)};
  const std::size_t got = ZSTD_decompress(made.unpacked.get(), *size, rest.data(), rest.size());
  if (ZSTD_isError(got) != 0) {
    return refuse(std::string("a corrupt zstd frame: ").append(ZSTD_getErrorName(got)));
  }
  if (got != *size) return refuse("a zstd frame that declares a wrong size");
  made.term = {made.unpacked.get(), got};
  return made;
}

}  // namespace shelf::detail
