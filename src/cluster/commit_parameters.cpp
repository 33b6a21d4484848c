// CLUSTER  [cluster] -> api -> engine -> stores -> journal -> file
// Structures on our side, columns on the server's.
#include "cluster/commit_parameters.hpp"

#include <cassert>
#include <string>

namespace shelf::cluster {
namespace {

[[nodiscard]] wire::optional_bytes view(const std::optional<buffer>& b) {
  return b ? wire::optional_bytes(bytes(*b)) : std::nullopt;
}

[[nodiscard]] std::optional<buffer> copy_of(const wire::optional_bytes& b) {
  if (!b) return std::nullopt;
  return buffer(b->begin(), b->end());
}

[[nodiscard]] std::unexpected<error> malformed(const std::string& why) {
  return std::unexpected(error(errc::server_error, "malformed commit: " + why));
}

/// The operations of a call.
struct operation_columns {
  std::vector<std::int32_t> units;
  std::vector<std::int16_t> codes;
  std::vector<std::int32_t> tables;
  std::vector<wire::optional_bytes> keys;
  std::vector<wire::optional_bytes> terms;
  std::vector<wire::optional_bytes> contents;
  bool has_terms = false;

  void add(std::int32_t unit, const change& c) {
    units.push_back(unit);
    codes.push_back(static_cast<std::int16_t>(c.code));
    tables.push_back(c.table);
    keys.push_back(view(c.key));
    terms.push_back(view(c.term));
    contents.push_back(view(c.content));
    has_terms = has_terms || c.term.has_value();
  }
  void encode_to(std::vector<wire::parameter>& out) const {
    out.push_back(wire::encode(std::span(units)));
    out.push_back(wire::encode(std::span(codes)));
    out.push_back(wire::encode(std::span(tables)));
    out.push_back(wire::encode(std::span(keys)));
    out.push_back(has_terms ? wire::encode(std::span(terms)) : wire::null(wire::type::bytea_array));
    out.push_back(wire::encode(std::span(contents)));
  }
};

/// The reads of a call.
struct read_columns {
  std::vector<std::int32_t> units;
  std::vector<std::int16_t> kinds;
  std::vector<std::int32_t> tables;
  std::vector<wire::optional_bytes> from;
  std::vector<wire::optional_bytes> to;
  std::vector<std::int32_t> counts;

  void add(std::int32_t unit, const read_check& r) {
    units.push_back(unit);
    kinds.push_back(static_cast<std::int16_t>(r.what));
    tables.push_back(r.table);
    from.push_back(view(r.from));
    to.push_back(view(r.to));
    counts.push_back(r.count);
  }
  void encode_to(std::vector<wire::parameter>& out) const {
    out.push_back(wire::encode(std::span(units)));
    out.push_back(wire::encode(std::span(kinds)));
    out.push_back(wire::encode(std::span(tables)));
    out.push_back(wire::encode(std::span(from)));
    out.push_back(wire::encode(std::span(to)));
    out.push_back(wire::encode(std::span(counts)));
  }
};

/// Whether a change of the log has what its code needs, and nothing else.
[[nodiscard]] bool is_complete(const change& c) {
  switch (c.code) {
    case change_code::put:
    case change_code::append:
    case change_code::erase_value: return c.key && c.content;
    case change_code::erase: return c.key && !c.content;
    case change_code::clear: return !c.key && !c.term && !c.content;
    case change_code::table_created:
    case change_code::table_dropped: return c.key && !c.term && !c.content;
    case change_code::put_new:
    case change_code::add:
    case change_code::erase_if: return false;  // they are logged as what they became
  }
  return false;
}

}  // namespace

buffer encode(const counter_step& step) {
  auto text = std::to_string(step.delta) + ",";
  if (step.initial) text += std::to_string(*step.initial);
  text += "," + std::to_string(step.lowest) + "," + std::to_string(step.highest);
  const auto content = as_bytes(text);
  return {content.begin(), content.end()};
}

std::vector<wire::parameter> parameters_of(const commit_call& call) {
  std::vector<std::int32_t> wave_operations;
  std::vector<std::int32_t> wave_reads;
  operation_columns operations;
  read_columns reads;
  std::int32_t number = 0;
  for (const auto& wave : call.waves) {
    const auto operations_before = operations.units.size();
    const auto reads_before = reads.units.size();
    for (const auto& u : wave) {
      assert(!u.changes.empty() && "a unit writes something");
      ++number;
      for (const auto& c : u.changes) operations.add(number, c);
      for (const auto& r : u.reads) reads.add(number, r);
    }
    wave_operations.push_back(
        static_cast<std::int32_t>(operations.units.size() - operations_before));
    wave_reads.push_back(static_cast<std::int32_t>(reads.units.size() - reads_before));
  }
  std::vector<wire::parameter> out;
  out.push_back(wire::encode(call.base.seq));
  out.push_back(wire::encode(call.base.nonce));
  out.push_back(wire::encode(call.nonce));
  out.push_back(wire::encode(std::span<const std::int32_t>(wave_operations)));
  out.push_back(wire::encode(std::span<const std::int32_t>(wave_reads)));
  operations.encode_to(out);
  reads.encode_to(out);
  return out;
}

result<std::vector<change>> changes_of(const change_columns& columns) {
  const auto count = columns.codes.size();
  const bool has_terms = !columns.terms.empty();
  if (columns.tables.size() != count || columns.keys.size() != count ||
      columns.contents.size() != count || (has_terms && columns.terms.size() != count)) {
    return malformed("its columns differ in length");
  }
  std::vector<change> all;
  all.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    change c{.code = static_cast<change_code>(columns.codes[i]),
             .table = columns.tables[i],
             .key = copy_of(columns.keys[i]),
             .term = has_terms ? copy_of(columns.terms[i]) : std::nullopt,
             .content = copy_of(columns.contents[i])};
    if (!is_complete(c)) {
      return malformed("change " + std::to_string(i + 1) + " of code " +
                       std::to_string(columns.codes[i]) + " is not complete");
    }
    all.push_back(std::move(c));
  }
  return all;
}

result<std::vector<refused_unit>> refusals_of(std::span<const std::int32_t> pairs) {
  if (pairs.size() % 2 != 0) return malformed("a refusal without a reason");
  std::vector<refused_unit> all;
  for (std::size_t i = 0; i < pairs.size(); i += 2) {
    if (pairs[i] < 1 || pairs[i + 1] < 1 || pairs[i + 1] > 6) return malformed("a refusal");
    all.push_back({.unit = pairs[i], .why = static_cast<refusal>(pairs[i + 1])});
  }
  return all;
}

}  // namespace shelf::cluster
