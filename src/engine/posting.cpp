// ENGINE  api -> [engine] -> stores -> journal -> file
// What was posted has read nothing: so it can be committed on top of whatever is there by then.
#include "engine/posting.hpp"

#include "engine/instance.hpp"

#include <utility>

namespace shelf::engine {
namespace {

/// Whether it can be committed without its caller.
[[nodiscard]] result<> check_posted(const transaction_run& run, const std::string& label) {
  const char* why = nullptr;
  if (!run.is_blind()) why = "has read: post takes inserts, erases, clears and adds alone";
  if (run.has_callbacks()) why = "has used on_commit, and no thread waits for its commit";
  if (why == nullptr) return {};
  return std::unexpected(
      error(errc::invalid_argument, label + ": the function that was posted " + why));
}

}  // namespace

detail::replica_write& posted_run::ready() {
  run_.make_ready();
  run_.release_version();
  op_.emplace(run_.first_written(), operation::verb::commit);
  op_->commit = &run_;
  return write_.emplace(*op_, outcome_.get());
}

std::optional<error> routed_write::finished() noexcept {
  auto why = op_.failure;
  if (!why && op_.is_conflict) why = error(errc::conflict);
  if (posted_ != nullptr) posted_->set(why ? result<>(std::unexpected(*why)) : result<>());
  return why;
}

bool routed_write::succeed() noexcept {
  if (op_.what != operation::verb::commit) return false;
  op_.changed = true;
  return true;
}

result<detail::posting> instance::post(
    detail::function_ref<result<>(detail::transaction_core&)> f) {
  if (is_in_transaction()) return std::unexpected(labelled(errc::busy));
  if (!authority_) {
    const auto done = transact({.attempts = 1}, [&](detail::transaction_core& run) {
      auto ran = f(run);
      return ran ? check_posted(static_cast<transaction_run&>(run), label_) : ran;
    });
    if (!done) return std::unexpected(done.error());
    return detail::posting{.number = done->sequence};
  }
  if (is_forked()) return std::unexpected(labelled(errc::forked));
  if (!is_open()) return std::unexpected(labelled(errc::table_closed));
  auto made = std::make_shared<posted_run>(*this);
  auto& run = made->run();
  {
    const transaction_scope scope(run);
    if (auto done = f(run); !done) return std::unexpected(done.error());
  }
  if (run.failure()) return std::unexpected(*run.failure());
  if (auto can = check_posted(run, label_); !can) return std::unexpected(can.error());
  const auto outcome = made->outcome();
  if (!run.has_writes()) {
    outcome->set({});
    return detail::posting{.under_way = outcome};
  }
  auto& write = made->ready();
  const auto number = authority_->post(write, std::move(made));
  if (!number) return std::unexpected(number.error());
  return detail::posting{.number = *number, .under_way = outcome};
}

result<> instance::await(const detail::posted& p) {
  if (const auto known = p.outcome()) return *known;
  if (is_forked()) return std::unexpected(labelled(errc::forked));
  return authority_->await(p);
}

result<> instance::freshen() {
  if (!authority_) return {};
  if (is_in_transaction()) {
    return std::unexpected(
        error(errc::invalid_argument,
              label_ + ": only the outermost of nested transactions can be asked to be fresh"));
  }
  return decide([&] { return authority_->sync(); });
}

}  // namespace shelf::engine
