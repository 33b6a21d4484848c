// DETS  api -> engine -> stores -> [dets] -> file
// Reads that end where they should, or say where they did.
#include "dets/storage.hpp"

#include <algorithm>

namespace shelf::dets_format {

result<std::uint64_t> storage::size() const {
  if (in_memory()) return image_.size();
  const auto status = file_.status();
  if (!status) return std::unexpected(status.error());
  return status->size;
}

result<std::size_t> storage::read_some(std::uint64_t offset, std::span<std::byte> into) const {
  if (!in_memory()) return file_.read(offset, into);
  if (offset >= image_.size()) return 0;
  const auto count = std::min<std::size_t>(into.size(), image_.size() - offset);
  std::ranges::copy(bytes(image_).subspan(offset, count), into.begin());
  return count;
}

result<> storage::read(std::uint64_t offset, std::span<std::byte> into,
                       std::string_view what) const {
  const auto got = read_some(offset, into);
  if (!got) return std::unexpected(got.error());
  if (*got == into.size()) return {};
  return std::unexpected(corrupt_at(path_, offset, "the file ends inside " + std::string(what)));
}

result<> storage::write(std::uint64_t offset, bytes from) {
  if (!in_memory()) return file_.write(offset, from);
  if (image_.size() < offset + from.size()) image_.resize(offset + from.size());
  std::ranges::copy(from, image_.begin() + static_cast<std::ptrdiff_t>(offset));
  return {};
}

result<> storage::sync_data() const { return in_memory() ? result<>() : file_.sync_data(); }

result<> storage::write_page(std::uint64_t offset, bytes from) {
  return in_memory() ? write(offset, from) : file_.write_by_calls(offset, from);
}

void storage::map(bool to_write) {
  constexpr auto whole = std::uint64_t{1} << 31;
  if (!in_memory()) file_.map(whole, to_write);
}

result<> storage::end_at(std::uint64_t size) {
  if (file_.mapped_end() <= size) return {};
  return file_.truncate(size);
}

result<> storage::unmap(std::uint64_t size) {
  if (auto cut = end_at(size); !cut) return cut;
  file_.unmap();
  return {};
}

error corrupt_at(const std::string& path, std::uint64_t offset, std::string_view cause) {
  std::string sentence = path + ": byte " + std::to_string(offset) + ": ";
  return error(errc::corrupt, sentence.append(cause));
}

error within(const std::string& path, std::uint64_t offset, const error& cause) {
  return error(cause.code(),
               path + ": byte " + std::to_string(offset) + ": in an object: " + cause.message());
}

}  // namespace shelf::dets_format
