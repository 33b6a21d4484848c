// CLI  [cli] -> rows -> upkeep -> engine -> stores -> journal -> file
// A DETS file to be read: as it lies there, or as a repair in memory would leave it.
#pragma once

#include "cli/files/object_source.hpp"
#include "cli/terminal/progress_bar.hpp"
#include "shelf/dets.hpp"

#include <functional>
#include <string>

namespace shelf::cli {

/// An open DETS file. It is never changed: what needs a repair is repaired in memory, and `warn`
/// is told so.
class dets_table final : public object_source {
 public:
  using warning = std::function<void(const std::string&)>;

  /// Errors: those of dets::file::open.
  [[nodiscard]] static result<dets_table> read(const std::string& path, progress_bar bar,
                                               warning warn);

  kind what() const override { return info_.type; }
  std::uint64_t size() const override { return file_.size(); }
  std::uint32_t keypos() const override { return info_.keypos; }
  std::vector<fact> facts() const override;
  result<> look_through() override;
  result<std::size_t> get(const term& key, detail::function_ref<void(bytes)> f) const override;

 protected:
  result<> for_each_object(detail::function_ref<bool(bytes)> f,
                           const progress& tell) const override;

 private:
  dets_table(std::string path, dets::file opened, dets::file_info info, progress_bar bar,
             warning warn)
      : path_(std::move(path)),
        file_(std::move(opened)),
        info_(info),
        bar_(std::move(bar)),
        warn_(std::move(warn)) {}
  void tell_of_repair() const;

  std::string path_;
  dets::file file_;
  dets::file_info info_;
  progress_bar bar_;
  warning warn_;
};

}  // namespace shelf::cli
