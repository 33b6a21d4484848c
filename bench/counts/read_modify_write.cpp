// BENCH  counts: verbs that read and write
#include "counts/workload.hpp"

#include <optional>

namespace counts {
namespace {

/// A value with members to be changed on their own.
struct account {
  std::string owner = std::string(80, 'o');
  std::int64_t balance = 1;
};
using account_map = shelf::map<std::string, account>;

}  // namespace

std::span<const row> read_modify_write_rows() {
  static const std::vector<row> all{
      {"take/memory",
       [](const workload& w, const auto&) {
         auto t = text_map::in_memory();
         fill(t, w, w.value);
         counted_operations(w.keys, [&](const auto& key) { expect(t.take(key).has_value()); });
       }},
      {"compare_exchange/memory",
       [](const workload& w, const auto&) {
         auto t = text_map::in_memory();
         fill(t, w, w.value);
         std::optional expected = w.value;
         const std::optional desired = w.other_value;
         counted_operations(w.keys, [&](const auto& key) {
           expect(t.compare_exchange(key, expected, desired) == true);
         });
       }},
      {"update/memory",
       [](const workload& w, const auto&) {
         auto t = text_map::in_memory();
         fill(t, w, w.value);
         counted_operations(w.keys, [&](const auto& key) {
           expect(t.update(key, [&](std::string& v) { v[0] = 'x'; }).has_value());
         });
       }},
      {"upsert/memory",
       [](const workload& w, const auto&) {
         auto t = text_map::in_memory();
         fill(t, w, w.value);
         counted_operations(w.keys, [&](const auto& key) {
           expect(t.upsert(key, w.value, [&](std::string& v) { v[0] = 'x'; }).has_value());
         });
       }},
      {"replace a struct/memory",
       [](const workload& w, const auto&) {
         auto t = account_map::in_memory();
         fill(t, w, account{});
         const account other{.balance = 2};
         counted_operations(w.keys, [&](const auto& key) {
           expect(t.insert(key, other) == shelf::written::replaced);
         });
       }},
      {"assign/memory",
       [](const workload& w, const auto&) {
         auto t = account_map::in_memory();
         fill(t, w, account{});
         counted_operations(w.keys, [&](const auto& key) {
           expect(t.assign<&account::balance>(key, 2) == shelf::written::replaced);
         });
       }},
      {"counter in a struct/memory", [](const workload& w, const auto&) {
         auto t = account_map::in_memory();
         fill(t, w, account{});
         counted_operations(w.keys, [&](const auto& key) {
           expect(t.update_counter<&account::balance>(key) == 2);
         });
       }}};
  return all;
}

}  // namespace counts
