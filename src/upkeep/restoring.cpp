// UPKEEP  cli -> rows -> [upkeep] -> engine -> stores -> journal -> file
// A file made of a backup and the increments that continue it.
#include "journal/batch_copy.hpp"
#include "shelf/backup.hpp"
#include "stores/sealed_file.hpp"

#include <memory>
#include <string>
#include <vector>

namespace shelf {
namespace {

using journal::batch_id;
using journal::journal_view;

[[nodiscard]] std::string text_of(const batch_id& id) {
  return shelf::position{.run = journal::run_of(id.of), .version = id.sequence}.to_string();
}

[[nodiscard]] std::unexpected<error> refused(const std::string& path, const std::string& why) {
  return std::unexpected(error(errc::invalid_argument, path + ": " + why));
}

/// A backup, or an increment, that was looked at as a whole.
struct part {
  std::string path;
  std::unique_ptr<file::location> where;
  std::unique_ptr<journal_view> view;
  journal::file_header header;
};

class chain_of_parts {
 public:
  chain_of_parts(file::system& system, const restore_options& how) : system_(system), how_(how) {}

  [[nodiscard]] result<> read(const std::string& backup) {
    auto taken = take(backup, journal::file_role::table);
    for (const auto& path : how_.increments) {
      if (taken) taken = take(path, journal::file_role::any);
      if (taken) taken = fits();
    }
    return taken;
  }
  [[nodiscard]] const std::vector<part>& parts() const noexcept { return parts_; }
  [[nodiscard]] bool have_several_tables() const noexcept {
    for (const auto& p : parts_) {
      if (p.header.several_tables) return true;
    }
    return false;
  }

 private:
  [[nodiscard]] result<> take(const std::string& path, journal::file_role as) {
    auto where = file::location::find(system_, path, how_.where.base_directory);
    if (!where) return std::unexpected(where.error());
    part p{.path = path,
           .where = std::make_unique<file::location>(*std::move(where)),
           .view = nullptr,
           .header = {}};
    const auto all = how_.increments.size() + 2;
    auto view = journal_view::open(*p.where, detail::step_of(how_.tell, parts_.size(), all), as);
    if (!view) return std::unexpected(view.error());
    p.view = *std::move(view);
    const auto header = p.view->read_header();
    if (!header) return std::unexpected(header.error());
    p.header = *header;
    if (p.view->found().torn_bytes != 0 || p.view->found().batches == 0) {
      return std::unexpected(
          error(errc::corrupt,
                path + ": incomplete: it ends in the middle of a write; a backup does not"));
    }
    parts_.push_back(std::move(p));
    return {};
  }

  /// The last part continues the one before it.
  [[nodiscard]] result<> fits() const {
    const auto& p = parts_.back();
    const auto& before = parts_[parts_.size() - 2];
    if (!p.header.increment) return refused(p.path, "a whole backup, not an increment");
    if (p.header.store_id != parts_.front().header.store_id) {
      return refused(p.path, "an increment of another database than " + parts_.front().path);
    }
    const auto& from = p.view->found().first;
    const auto& reached = before.view->found().changed;
    if (from == reached) return {};
    return refused(p.path, "it continues position " + text_of(from) + ", but " + before.path +
                               " ends at " + text_of(reached));
  }

  file::system& system_;
  const restore_options& how_;
  std::vector<part> parts_;
};

/// Everything of the backup, and what each increment has behind its first batch.
[[nodiscard]] result<std::uint64_t> copy_all(const std::vector<part>& parts, const progress& tell,
                                             journal::journal_file& to) {
  auto batches = journal::copy_content(*parts.front().view, to, tell);
  for (std::size_t i = 1; batches && i < parts.size(); ++i) {
    const auto& p = parts[i];
    if (auto allowed = journal::allow_content_of(p.header, to); !allowed) {
      return std::unexpected(allowed.error());
    }
    const auto trail = journal::trail::open(*p.where, journal::file_role::any);
    if (!trail) return std::unexpected(trail.error());
    const auto end = p.view->found().end;
    if ((*trail)->file_id() != p.view->file_id()) {
      return std::unexpected(error(errc::replaced, p.path + ": the file was replaced just now"));
    }
    if (auto begun = (*trail)->go_to_first(end); !begun) return std::unexpected(begun.error());
    const auto more = journal::copy_changes(**trail, end, to);
    if (!more) return std::unexpected(more.error());
    *batches += *more;
  }
  return batches;
}

}  // namespace

result<restore_report> restore(const std::string& backup, const std::string& target,
                               const restore_options& options) {
  auto& system = options.where.system != nullptr ? *options.where.system : file::real_system();
  chain_of_parts chain(system, options);
  if (auto read = chain.read(backup); !read) return std::unexpected(read.error());
  std::vector<const file::open_file*> sources;
  for (const auto& p : chain.parts()) sources.push_back(&p.view->file());
  auto to = stores::sealed_file::claim(
      system, {target, options.where.base_directory, options.replace}, sources);
  if (!to) return std::unexpected(to.error());
  const auto& first = chain.parts().front();
  auto done = to->begin(first.header.store_id,
                        {.sync_on_the_way = static_cast<bool>(options.tell),
                         .several_tables = chain.have_several_tables()},
                        &first.view->file());
  if (!done) return std::unexpected(done.error());
  const auto all = options.increments.size() + 2;
  const auto batches =
      copy_all(chain.parts(), detail::step_of(options.tell, all - 1, all), to->journal());
  if (!batches) return std::unexpected(batches.error());
  done = to->finish();
  if (!done) return std::unexpected(done.error());
  return restore_report{.position = to->position(), .batches = *batches, .bytes = to->bytes()};
}

}  // namespace shelf
