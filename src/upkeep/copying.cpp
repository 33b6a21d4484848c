// UPKEEP  cli -> rows -> [upkeep] -> engine -> stores -> journal -> file
// A consistent copy of a file, taken while others write it.
#include "journal/journal_view.hpp"
#include "shelf/upkeep.hpp"
#include "stores/new_file.hpp"

namespace shelf {
namespace {

using journal::op;

constexpr std::uint64_t record_overhead = 8;

/// Takes over the batches as they are; the copy gets notes and a seal of its own.
class copier final : public journal::visitor {
 public:
  copier(stores::new_file& to, const progress& tell, std::uint64_t of)
      : to_(to), tell_(tell), of_(of) {}
  result<> visit(const journal::change& c, std::uint64_t sequence) override {
    if (journal::changes_nothing(c)) return {};
    copied_ += c.key.size() + c.value.size() + record_overhead;
    if (tell_ && (++seen_ & 0xFF) == 0) tell_(copied_, of_);
    return to_.add(c, sequence);
  }
  result<> committed(std::uint64_t) override { return to_.commit(); }

 private:
  stores::new_file& to_;
  const progress& tell_;
  std::uint64_t of_;
  std::uint64_t seen_ = 0;
  std::uint64_t copied_ = 0;  ///< bytes, more or less
};

}  // namespace

result<copy_counts> copy(const std::string& from, const std::string& to,
                         const path_options& options, const progress& tell) {
  auto& system = options.system != nullptr ? *options.system : file::real_system();
  const auto source = file::location::find(system, from, options.base_directory);
  if (!source) return std::unexpected(source.error());
  const auto target = file::location::find(system, to, options.base_directory);
  if (!target) return std::unexpected(target.error());
  // To check what is there takes a quarter of the time that copying it takes.
  const auto tell_checked = detail::step_of(tell, 0, 5);
  const auto tell_copied = detail::step_of(tell, 1, 5, 4);
  const auto view = journal::journal_view::open(*source, tell_checked);
  if (!view) return std::unexpected(view.error());
  auto made = stores::new_file::create(
      *target,
      tell ? stores::new_file::publishing::is_short : stores::new_file::publishing::may_be_long,
      (*view)->has_several_tables() ? stores::new_file::tables::several
                                    : stores::new_file::tables::one);
  if (!made) return std::unexpected(made.error());
  copier all(*made, tell_copied, (*view)->found().end);
  if (auto read = (*view)->replay(all); !read) return std::unexpected(read.error());
  if (auto named = made->publish(); !named) return std::unexpected(named.error());
  return copy_counts{.batches = made->batches(), .bytes = made->bytes()};
}

}  // namespace shelf
