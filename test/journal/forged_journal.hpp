// JOURNAL  api -> table -> [journal] -> file
// Files made by hand, with right checksums: what no writer of ours would write, but anybody can.
#pragma once

#include "journal/file_header.hpp"
#include "journal/frame.hpp"
#include "journal/record.hpp"

#include <cstring>
#include <string>
#include <vector>

namespace shelf::journal::test {

/// A file that grows frame by frame as the test says.
class forged_journal {
 public:
  explicit forged_journal(const file_header& header = {}) : header_(header) {
    content.resize(frames_start);
    for (std::size_t slot = 0; slot < 2; ++slot) {
      const auto encoded = encode_slot(header, slot);
      std::memcpy(content.data() + slot_offsets[slot], encoded.data(), encoded.size());
    }
  }

  struct shape {
    bool first = true;
    bool commit = true;
    std::uint32_t era = 1;
    std::uint32_t nonce = 0;
    std::uint64_t sequence = 1;
    std::uint64_t durable_up_to = 0;
    bool history = false;
  };

  /// A frame of one put at the end of the file.
  forged_journal& put(const std::string& key, const shape& as) {
    std::vector<std::byte> records;
    append_record(records,
                  {.what = op::put, .flags = 0, .table = 1, .key = as_bytes(key), .value = {}});
    return frame(records, as);
  }
  forged_journal& seal(const shape& as) {
    std::vector<std::byte> records;
    append_record(records, {.what = op::seal, .flags = 0, .table = 1, .key = {}, .value = {}});
    return frame(records, as);
  }
  forged_journal& frame(bytes records, const shape& as) {
    const auto at = content.size();
    const auto size = frame_header_size + records.size();
    content.resize(at + padded(size));
    std::memcpy(content.data() + at + frame_header_size, records.data(), records.size());
    seal_frame(std::span(content).subspan(at),
               {.size = static_cast<std::uint32_t>(size),
                .first = as.first,
                .commit = as.commit,
                .history = as.history,
                .written_in = {.era = as.era, .nonce = as.nonce},
                .sequence = as.sequence,
                .durable_up_to = as.durable_up_to},
               header_.file_id, at);
    return *this;
  }
  /// Bytes that are no frame.
  forged_journal& garbage(std::size_t size) {
    content.resize(content.size() + size, std::byte{0xa5});
    return *this;
  }

  std::vector<std::byte> content;

 private:
  file_header header_;
};

}  // namespace shelf::journal::test
