// STORES  api -> engine -> [stores] -> journal -> file
// An entry as an object of a DETS file: {Key, Value}.
#pragma once

#include "dets/bulk.hpp"
#include "journal/change.hpp"
#include "journal/scan.hpp"
#include "stores/file_store.hpp"

#include <string>
#include <vector>

namespace shelf::stores {

using kinds::entry;

/// Writes the term of an entry, without 131, into `into`, which is emptied first.
void compose_object(bytes key, bytes value, std::vector<std::byte>& into);

/// The entry that a canonical object is. type_mismatch names the file and what was found instead.
[[nodiscard]] result<journal::change> entry_of_object(bytes object, kind what,
                                                      const std::string& path);

/// The entries of a version as pieces of a new file; they are composed when they are fetched.
class entry_pieces final : public dets_format::piece_source {
 public:
  /// `from` outlives it.
  explicit entry_pieces(const table_image& from);
  [[nodiscard]] std::vector<dets_format::piece>& pieces() noexcept { return pieces_; }
  [[nodiscard]] result<bytes> fetch(const dets_format::piece& p,
                                    std::vector<std::byte>& room) const override;
  void announce(const dets_format::piece& p) const noexcept override;

 private:
  std::vector<dets_format::piece> pieces_;
};

}  // namespace shelf::stores
