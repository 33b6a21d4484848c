// STORES  api -> engine -> [stores] -> journal -> file
// Each link is looked at before anything is made of the chain.
#include "stores/backup_chain.hpp"

#include "shelf/position.hpp"

#include <algorithm>
#include <utility>

namespace shelf::stores {
namespace {

using journal::batch_id;
using journal::journal_view;

[[nodiscard]] std::string text_of(const batch_id& id) {
  return shelf::position{.run = journal::run_of(id.of), .version = id.sequence}.to_string();
}

[[nodiscard]] std::unexpected<error> refused(const std::string& path, const std::string& why) {
  return std::unexpected(error(errc::invalid_argument, path + ": " + why));
}

/// The first batch of an increment names what it continues, and holds nothing.
class behind_first final : public journal::visitor {
 public:
  explicit behind_first(visitor& out) : out_(out) {}
  result<> visit(const journal::change& c, std::uint64_t number) override {
    return is_behind_ ? out_.visit(c, number) : result<>();
  }
  result<> committed(std::uint64_t number) override {
    if (std::exchange(is_behind_, true)) return out_.committed(number);
    return {};
  }

 private:
  visitor& out_;
  bool is_behind_ = false;
};

}  // namespace

result<backup_chain> backup_chain::open(file::system& system, const std::string& backup,
                                        const std::vector<std::string>& increments,
                                        const std::optional<std::string>& base_directory,
                                        const progress& tell) {
  backup_chain made;
  const auto steps = increments.size() + 2;
  auto taken = made.take(system, backup, base_directory, detail::step_of(tell, 0, steps));
  for (std::size_t i = 0; taken && i < increments.size(); ++i) {
    taken = made.take(system, increments[i], base_directory, detail::step_of(tell, i + 1, steps));
  }
  for (std::size_t i = 1; taken && i < made.parts_.size(); ++i) taken = made.check(i);
  if (!taken) return std::unexpected(taken.error());
  return made;
}

result<> backup_chain::take(file::system& system, const std::string& path,
                            const std::optional<std::string>& base_directory,
                            const progress& tell) {
  auto where = file::location::find(system, path, base_directory);
  if (!where) return std::unexpected(where.error());
  part p{.path = path,
         .where = std::make_unique<file::location>(*std::move(where)),
         .view = nullptr,
         .header = {}};
  const auto as = parts_.empty() ? journal::file_role::table : journal::file_role::any;
  auto view = journal_view::open(*p.where, tell, as);
  if (!view) return std::unexpected(view.error());
  p.view = *std::move(view);
  const auto header = p.view->read_header();
  if (!header) return std::unexpected(header.error());
  p.header = *header;
  if (p.view->found().torn_bytes != 0 || p.view->found().batches == 0) {
    return std::unexpected(error(
        errc::corrupt, path + ": incomplete: it ends in the middle of a write; a backup does not"));
  }
  parts_.push_back(std::move(p));
  return {};
}

/// A part continues the one before it.
result<> backup_chain::check(std::size_t i) const {
  const auto& p = parts_[i];
  const auto& before = parts_[i - 1];
  if (!p.header.increment) return refused(p.path, "a whole backup, not an increment");
  if (p.header.store_id != whole().header.store_id) {
    return refused(p.path, "an increment of another database than " + whole().path);
  }
  const auto& from = p.view->found().first;
  const auto& reached = before.view->found().changed;
  if (from == reached) return {};
  const auto why = "it continues position " + text_of(from) + ", but " + before.path + " ends at " +
                   text_of(reached);
  const auto continued = std::ranges::find_if(
      parts_, [&](const part& other) { return other.view->found().changed == from; });
  if (continued == parts_.end()) {
    return refused(p.path, why + ": the increment that leads from there to here is missing");
  }
  return refused(p.path, why + ": put it right behind " + continued->path);
}

bool backup_chain::have_several_tables() const noexcept {
  return std::ranges::any_of(parts_, [](const part& p) { return p.header.several_tables; });
}

result<> backup_chain::replay(journal::visitor& out) const {
  auto done = whole().view->replay(out);
  for (std::size_t i = 1; done && i < parts_.size(); ++i) {
    behind_first rest(out);
    done = parts_[i].view->replay(rest);
  }
  return done;
}

}  // namespace shelf::stores
