// KINDS  api -> engine -> [kinds] -> memory -> file
// The steps of a log brought down to what is left of them.
#include "kinds/index_log.hpp"

#include <unordered_map>

namespace shelf::kinds {

index_changes net_changes(std::vector<index_log::step> steps) {
  index_changes net;
  // Steps refer to entries by address alone: those that are gone may not be looked at.
  std::unordered_map<const entry*, std::size_t> there;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    auto& s = steps[i];
    const auto before = there.find(s.is_added ? s.same : s.what);
    if (s.is_added) {
      if (before != there.end()) {
        const auto& of = steps[before->second];
        s.same = of.same;
        s.keys = of.keys;
      }
      there.emplace(s.what, i);
    } else if (before != there.end()) {
      there.erase(before);
    } else {
      net.removed.push_back(s.what);
    }
  }
  net.added.reserve(there.size());
  for (const auto& [e, i] : there) net.added.push_back(std::move(steps[i]));
  return net;
}

coming_keys derive_coming_keys(const std::vector<detail::index_definition>& of, bytes value) {
  coming_keys made;
  derivation_failure failure;
  try {
    auto keys = derive_function_keys(of, value);
    if (keys) {
      made.keys = *std::move(keys);
      return made;
    }
    failure.why = keys.error();
  } catch (...) {
    failure.thrown = std::current_exception();
  }
  made.failure = std::make_shared<const derivation_failure>(std::move(failure));
  return made;
}

result<> follow_changes(index_set& of, index_changes changes, sequence number, deadline now,
                        bool is_distinct, const std::string& label) {
  if (changes.added.empty() && changes.removed.empty()) return {};
  for (auto& a : changes.added) {
    if (a.same != nullptr) a.keys.keys = of.keys_of(*a.same);
    const auto& failure = a.keys.failure;
    if (!failure) continue;
    if (failure->thrown) std::rethrow_exception(failure->thrown);
    return std::unexpected(error(failure->why->code(), label + ": " + failure->why->message()));
  }
  for (const auto* e : changes.removed) of.remove(*e);
  for (const auto& a : changes.added) {
    const auto clash = of.find_clash(*a.what, nullptr, &a.keys.keys, now, is_distinct);
    if (clash) return std::unexpected(clash_of(of, *clash, label));
    of.add(*a.what, &a.keys.keys, nullptr);
  }
  of.stamp(number);
  of.settle(number);
  return {};
}

}  // namespace shelf::kinds
