// CLUSTER  [cluster] -> api -> engine -> stores -> journal -> file
// Any bytes as a field of every type, as columns of a commit, and as a copy in two pieces.
#include "cluster/commit_parameters.hpp"
#include "cluster/copy_stream.hpp"
#include "cluster/wire.hpp"

#include <cstdint>

namespace {

using namespace shelf;
using namespace shelf::cluster;

template <class T>
T decoded(wire::type what, bytes field) {
  auto value = wire::decode<T>(what, field);
  return value ? std::move(*value) : T();
}

void read_fields(bytes input) {
  using wire::type;
  for (const auto what :
       {type::boolean, type::int2, type::int4, type::int8, type::uuid, type::text}) {
    static_cast<void>(wire::decode<bool>(what, input));
    static_cast<void>(wire::decode<std::int16_t>(what, input));
    static_cast<void>(wire::decode<std::int32_t>(what, input));
    static_cast<void>(wire::decode<std::int64_t>(what, input));
    static_cast<void>(wire::decode<uuid>(what, input));
    static_cast<void>(wire::decode<std::string>(what, input));
  }
  change_columns columns;
  columns.keys = decoded<std::vector<wire::optional_bytes>>(type::bytea_array, input);
  columns.contents = columns.keys;
  columns.codes = decoded<std::vector<std::int16_t>>(type::int2_array, input);
  columns.codes.resize(columns.keys.size(), 1);
  columns.tables.resize(columns.keys.size());
  static_cast<void>(changes_of(columns));
  static_cast<void>(refusals_of(decoded<std::vector<std::int32_t>>(type::int4_array, input)));
}

void read_copy(bytes input) {
  copy_stream rows(3, 1 << 16);
  const auto half = input.size() / 2;
  for (const auto piece : {input.first(half), input.subspan(half)}) {
    if (!rows.add(piece)) return;
    for (;;) {
      const auto row = rows.next();
      if (!row) return;
      if (!*row) break;
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const bytes input(reinterpret_cast<const std::byte*>(data), size);
  read_fields(input);
  read_copy(input);
  return 0;
}
