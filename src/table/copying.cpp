// TABLE  api -> [table] -> journal -> file
// A consistent copy of a file, taken while others write it.
#include "journal/journal_view.hpp"
#include "shelf/upkeep.hpp"
#include "table/new_file.hpp"

namespace shelf {
namespace {

using journal::op;

/// Takes over the batches as they are; the copy gets notes and a seal of its own.
class copier final : public journal::visitor {
 public:
  copier(tables::new_file& to, const progress& tell, std::uint64_t of)
      : to_(to), tell_(tell), of_(of) {}
  result<> visit(const journal::change& c, std::uint64_t sequence) override {
    if (c.what == op::note || c.what == op::seal) return {};
    if (tell_ && (++seen_ & 0xFFF) == 0) tell_(to_.bytes(), of_);
    return to_.add(c, sequence);
  }
  result<> committed(std::uint64_t) override { return to_.commit(); }

 private:
  tables::new_file& to_;
  const progress& tell_;
  std::uint64_t of_;
  std::uint64_t seen_ = 0;
};

}  // namespace

result<copy_counts> copy(const std::string& from, const std::string& to,
                         const path_options& options, const progress& tell) {
  auto& system = options.system != nullptr ? *options.system : file::real_system();
  const auto source = file::location::find(system, from, options.base_directory);
  if (!source) return std::unexpected(source.error());
  const auto target = file::location::find(system, to, options.base_directory);
  if (!target) return std::unexpected(target.error());
  const auto view = journal::journal_view::open(*source);
  if (!view) return std::unexpected(view.error());
  auto made = tables::new_file::create(*target);
  if (!made) return std::unexpected(made.error());
  copier all(*made, tell, (*view)->found().end);
  if (auto read = (*view)->replay(all); !read) return std::unexpected(read.error());
  if (auto named = made->publish(); !named) return std::unexpected(named.error());
  return copy_counts{.batches = made->batches(), .bytes = made->bytes()};
}

}  // namespace shelf
