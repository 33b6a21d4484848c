// UPKEEP  cli -> rows -> [upkeep] -> engine -> stores -> journal -> file
// A file made of a backup and the increments that continue it.
#include "journal/batch_copy.hpp"
#include "shelf/backup.hpp"
#include "stores/backup_chain.hpp"
#include "stores/sealed_file.hpp"

#include <string>
#include <vector>

namespace shelf {
namespace {

using part = stores::backup_chain::part;

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
  const auto chain = stores::backup_chain::open(system, backup, options.increments,
                                                options.where.base_directory, options.tell);
  if (!chain) return std::unexpected(chain.error());
  std::vector<const file::open_file*> sources;
  for (const auto& p : chain->parts()) sources.push_back(&p.view->file());
  auto to = stores::sealed_file::claim(
      system, {target, options.where.base_directory, options.replace}, sources);
  if (!to) return std::unexpected(to.error());
  const auto& first = chain->whole();
  auto done = to->begin(first.header.store_id,
                        {.sync_on_the_way = static_cast<bool>(options.tell),
                         .several_tables = chain->have_several_tables()},
                        &first.view->file());
  if (!done) return std::unexpected(done.error());
  const auto batches = copy_all(chain->parts(), chain->last_step(options.tell), to->journal());
  if (!batches) return std::unexpected(batches.error());
  done = to->finish();
  if (!done) return std::unexpected(done.error());
  return restore_report{.position = to->position(), .batches = *batches, .bytes = to->bytes()};
}

}  // namespace shelf
