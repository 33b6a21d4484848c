// CLI  [cli] -> rows -> upkeep -> engine -> stores -> journal -> file
// Read-only opens alone: they take no lock and change no byte.
#include "cli/files/dets_table.hpp"

#include "cli/terminal/display_text.hpp"

#include <fmt/format.h>

#include <filesystem>

namespace shelf::cli {
namespace {

/// `bar` outlives the call alone: nothing is told of later.
[[nodiscard]] result<dets::file> open_with(const std::string& path, dets::repair_policy repair,
                                           progress_bar& bar) {
  return dets::file::open({.path = path,
                           .opening = opening::read_only,
                           .repair = repair,
                           .tell_repair = told_to(bar),
                           .file_system = file_system::any});
}

}  // namespace

result<dets_table> dets_table::read(const std::string& path, progress_bar bar, warning warn) {
  auto opened = open_with(path, dets::repair_policy::automatic, bar);
  bar.clear();
  if (!opened) return std::unexpected(opened.error());
  const auto info = opened->info();
  if (!info) return std::unexpected(info.error());
  dets_table table(path, *std::move(opened), *info, std::move(bar), std::move(warn));
  table.tell_of_repair();
  return table;
}

void dets_table::tell_of_repair() const {
  const auto report = file_.repaired();
  if (!report) return;
  std::string_view cause = report->cause;
  const auto shown = printable(path_) + ": ";  // as sentences have it
  if (cause.starts_with(shown)) cause.remove_prefix(shown.size());
  auto sentence = fmt::format(
      "{}: needs a repair: {}; the file is not changed; a repair would recover {} objects", path_,
      cause, report->objects);
  if (report->damaged != 0) {
    sentence += fmt::format("; {} damaged places would be lost", report->damaged);
  }
  warn_(sentence);
}

std::vector<source::fact> dets_table::facts() const {
  const auto report = file_.repaired();
  std::error_code gone;
  const auto bytes_there = std::filesystem::file_size(path_, gone);
  std::vector<fact> all{
      {"format", "DETS, version 9", {}},
      {"kind", std::string(to_string(info_.type)), {}},
      {"keypos", {}, info_.keypos},
      {"objects", {}, info_.objects},
      {"keys", {}, info_.keys},
      {"slots", {}, info_.slots},
      {"min_slots", {}, info_.min_slots},
      {"max_slots", {}, info_.max_slots},
      {"fill", fmt::format("{:.2f} keys per slot", double(info_.keys) / info_.slots), {}},
      {"file_bytes", {}, gone ? info_.file_bytes : bytes_there},
  };
  if (!report) {
    all.push_back({"free_bytes", {}, info_.free_bytes});
    all.push_back({"state", "closed", {}});
    return all;
  }
  all.push_back({"state", "needs a repair", {}});
  all.push_back({"cause", report->cause, {}});
  all.push_back({"expected", {}, report->expected});
  all.push_back({"damaged", {}, report->damaged});
  return all;
}

/// A closed file whose damage only a walk meets is read as a forced repair would leave it.
result<> dets_table::look_through() {
  if (file_.repaired()) return {};
  auto whole = for_each_object([](bytes) { return true; }, told_to(bar_));
  bar_.clear();
  if (whole || whole.error() != errc::corrupt) return whole;
  auto forced = open_with(path_, dets::repair_policy::force, bar_);
  bar_.clear();
  if (!forced) return std::unexpected(forced.error());
  file_ = *std::move(forced);
  const auto info = file_.info();
  if (!info) return std::unexpected(info.error());
  info_ = *info;
  tell_of_repair();
  return {};
}

result<std::size_t> dets_table::get(const term& key, detail::function_ref<void(bytes)> f) const {
  const auto found = file_.lookup(key);
  if (!found && found.error() == errc::not_found) return 0;
  if (!found) return std::unexpected(found.error());
  for (const auto& object : *found) f(object.encoded());
  return found->size();
}

result<> dets_table::for_each_object(detail::function_ref<bool(bytes)> f,
                                     const progress& tell) const {
  walk_count count(tell, file_.size());
  return file_.for_each([&](const term& object) {
    count.one_more();
    return f(object.encoded()) ? walk::go_on : walk::stop;
  });
}

}  // namespace shelf::cli
