// JOURNAL  api -> engine -> stores -> [journal] -> file
// The batches of a journal one by one, from a known one on: what a feed reads that has fallen
// behind.
#pragma once

#include "file/location.hpp"
#include "journal/scan.hpp"
#include "shelf/detail/function_ref.hpp"

#include <cstdint>
#include <memory>
#include <optional>

namespace shelf::journal {

/// What has become of a batch that somebody asks for.
enum class standing : std::uint8_t {
  kept,         ///< the file has it, and everything behind it
  dropped,      ///< the file begins behind it
  rolled_back,  ///< its session is in the file, which ended before it: it was lost
  foreign,      ///< its session is not in the file
};

/// A file read with a descriptor of its own, beside whoever writes it. A file begins with a state:
/// what tables held at some batch. The changes are in the batches behind it. With history, the
/// first batch has the catalog only and the name of that batch, then the changes since follow, and
/// then the state that they lead to.
///
/// Each call is told where the committed batches end. Up to there the file has to be sound; who
/// writes the file knows that it is.
///
/// Thread safety: one thread at a time.
class trail {
 public:
  /// Errors: not_found, not_a_table, corrupt, unsupported_version, file_error.
  [[nodiscard]] static result<std::unique_ptr<trail>> open(const file::location& where,
                                                           file_role wanted = file_role::table);
  /// The header as it is now: it announces everything that was committed so far.
  [[nodiscard]] result<file_header> read_header() const;
  [[nodiscard]] const file::open_file& file() const noexcept { return file_; }

  [[nodiscard]] std::uint64_t file_id() const noexcept { return file_id_; }
  /// Goes behind that batch, if it is kept. A number that no batch of the session bears stands for
  /// the last one before it, if the session is known to have gone on behind it. Time is linear in
  /// the number of frames. Errors: corrupt, file_error.
  [[nodiscard]] result<standing> go_behind(const batch_id& which, std::uint64_t end);
  /// Goes to the beginning of what is kept. Errors: corrupt, file_error.
  [[nodiscard]] result<> go_to_first(std::uint64_t end);
  /// The batch that the changes of the file follow. Known once it went somewhere.
  [[nodiscard]] const batch_id& first() const noexcept { return first_; }
  /// The batch that it is behind.
  [[nodiscard]] const batch_id& behind() const noexcept { return behind_; }
  /// Hands out the next batch that changes something, if its number is not above `until`. False if
  /// there is none. Errors: corrupt, file_error; the visitor's own, and then it is handed out
  /// again.
  [[nodiscard]] result<bool> next(std::uint64_t until, std::uint64_t end, visitor& out);

  /// A batch, as the headers of its frames tell.
  struct extent {
    std::uint64_t from = 0;
    std::uint64_t to = 0;
    batch_id id;
    bool is_history = false;
    bool is_seal = false;
    bool changes = false;      ///< it is neither a note nor a seal
    std::uint64_t moment = 0;  ///< that it was written at; 0: it does not say
  };
  /// The next batch that changes something, without reading it. Errors: corrupt, file_error.
  [[nodiscard]] result<std::optional<extent>> look(std::uint64_t end);
  /// Passes over the batch that look() found.
  void pass(const extent& b) noexcept { stand_behind(b); }
  /// Reads the frames of that batch, with their checksums.
  [[nodiscard]] result<> read(const extent& b, detail::function_ref<result<>(const frame&)> f);

 private:
  trail(file::open_file file, file_role wanted) : file_(std::move(file)), role_(wanted) {}
  [[nodiscard]] frame_reader& reader_up_to(std::uint64_t end);
  [[nodiscard]] result<extent> batch_at(frame_reader& reader, std::uint64_t offset) const;
  void stand_behind(const extent& b) noexcept;
  [[nodiscard]] error broken(std::uint64_t offset) const;

  file::open_file file_;
  file_role role_;
  std::uint64_t file_id_ = 0;
  batch_id first_;
  batch_id behind_;
  std::uint64_t at_ = frames_start;
  bool was_history_ = false;  ///< of the last batch: if the next one is none, it is the state
  std::optional<frame_reader> reader_;  ///< what it holds was committed: it stays as it is
};

}  // namespace shelf::journal
