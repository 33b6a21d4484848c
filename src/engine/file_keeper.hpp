// ENGINE  api -> [engine] -> stores -> journal -> file
// Which file an open database has at present, and whether that is still its own.
#pragma once

#include "file/location.hpp"
#include "journal/scan.hpp"
#include "stores/file_store.hpp"

#include <memory>
#include <mutex>
#include <string>

namespace shelf::engine {

using stores::file_store;

/// Keeps the file of a database; none in memory, when reading only, and once closed.
///
/// Thread safety: the file is replaced under the life of the database and in its turn; either of
/// them is enough to use it. current() is for those who have neither.
class file_keeper {
 public:
  /// Both outlive it.
  file_keeper(const std::string& label, file::system& system) : label_(label), system_(system) {}

  [[nodiscard]] file::system& system() const noexcept { return system_; }
  [[nodiscard]] file_store* get() const noexcept { return file_.get(); }
  [[nodiscard]] file_store* operator->() const noexcept { return file_.get(); }
  [[nodiscard]] file_store& operator*() const noexcept { return *file_; }
  explicit operator bool() const noexcept { return file_ != nullptr; }
  [[nodiscard]] std::shared_ptr<file_store> current() const;
  /// In the turn.
  void replace(std::shared_ptr<file_store> by) noexcept;

  /// ok: the file still has the name of the database. Else it is fenced.
  [[nodiscard]] result<> check_name() const;
  /// ok: it is still ours, with the length and name it should have.
  [[nodiscard]] result<> check(journal::look_at what) const;
  /// ok: it has no other names, of which a new file would take one only.
  [[nodiscard]] result<> check_only_name() const;
  /// In the turn: the fresh file takes the name, and the database goes on in it. The name must
  /// still mean the file there is: what others have put there meanwhile is theirs.
  [[nodiscard]] result<> take_up(std::shared_ptr<file_store> fresh);
  /// Lets go of the file.
  void abandon() noexcept;

 private:
  const std::string& label_;
  file::system& system_;
  std::shared_ptr<file_store> file_;
  mutable std::mutex pointer_;  ///< guards file_ against those who have neither life nor turn
};

}  // namespace shelf::engine
