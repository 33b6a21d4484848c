// ENGINE  api -> [engine] -> stores -> journal -> file
// What a program's table says of its configuration and types, as the engine wants it.
#include "shelf/detail/core.hpp"
#include "shelf/detail/encoder.hpp"
#include "shelf/detail/schema.hpp"
#include "shelf/detail/shape.hpp"

#include <cassert>
#include <utility>

namespace shelf::detail {
namespace {

using reencode_function = bool (*)(bytes value, const decoding_rules& rules, encoder& out);

[[nodiscard]] result<std::vector<std::byte>> reencoded(reencode_function as_now, const shape& of,
                                                       bytes value, const decoding_rules& rules) {
  encoder out;
  if (!as_now(value, rules, out)) return std::unexpected(decoding_error(of, value, rules));
  if (out.failed()) return std::unexpected(out.outcome().error());
  const bytes made = out.written();
  return std::vector<std::byte>(made.begin(), made.end());
}

[[nodiscard]] core_config without_types(const config_parts& c) {
  core_config made;
  made.path = std::move(c.path);
  made.base_directory = std::move(c.base_directory);
  made.name = std::move(c.name);
  made.table = std::move(c.table);
  made.mode = c.mode;
  made.opening = c.opening;
  made.format = c.format;
  made.io = c.io;
  made.access = c.access;
  made.save_every = c.save_every;
  made.save_at_bytes = c.save_at_bytes;
  made.sync_every = c.sync_every;
  made.follow = c.follow;
  made.missing_fields = c.missing_fields;
  made.on_error = std::move(c.on_error);
  made.limits = c.limits;
  made.compaction = c.compaction;
  made.history = c.history;
  made.metrics = c.metrics;
  made.file_system = c.file_system;
  made.system = c.system;
  made.repair = c.repair;
  made.ttl = c.ttl;
  made.clock = c.clock;
  made.clock_grace = c.clock_grace;
  return made;
}

}  // namespace

entry_types make_entry_types(program_types types) {
  entry_types t;
  t.what = types.what;
  t.bounds = types.bounds;
  t.key_schema = schema_text(types.key);
  t.value_schema = schema_text(types.value);
  t.check = [&key_shape = types.key, &value_shape = types.value, rules = types.rules](
                bytes key, bytes value) -> result<> {
    // What a lookup asks for has all its fields, so a stored key must have them as well.
    const decoding_rules of_keys{.nesting = rules.nesting};
    if (auto fits = check_shape(key_shape, key, of_keys, purpose::key); !fits) return fits;
    return check_shape(value_shape, value, rules);
  };
  t.reencode = [as_now = types.reencode, &shape = types.value, rules = types.rules](bytes value) {
    return reencoded(as_now, shape, value, rules);
  };
  t.compare_schema = [](const std::string& stored, const std::string& wanted,
                        missing_fields policy) -> result<> {
    return detail::compare_schema(stored, wanted,
                                  {.missing_fields = policy == missing_fields::use_defaults});
  };
  t.accept = std::move(types.accept);
  t.indexes = std::move(types.indexes);
  return t;
}

result<std::shared_ptr<core>> open_table(const config_parts& config, program_types types) {
  return open_core(without_types(config), make_entry_types(std::move(types)));
}

result<std::shared_ptr<core>> make_table(std::string name, const memory_options& options,
                                         program_types types) {
  core_config config;
  config.name = std::move(name);
  config.ttl = options.ttl;
  config.clock = options.clock;
  config.clock_grace = options.clock_grace;
  config.in_memory = true;
  return open_core(std::move(config), make_entry_types(std::move(types)));
}

std::shared_ptr<core> make_table(std::string name, program_types types) {
  auto made = make_table(std::move(name), {}, std::move(types));
  assert(made && "nothing but memory can be missing");
  return *std::move(made);
}

result<migration_counts> migrate_table(const config_parts& config, const program_types& from,
                                       const program_types& to,
                                       function_ref<result<>(stored_entry, entry_batch&)> convert,
                                       bool dry_run) {
  return migrate_file(without_types(config), make_entry_types(from), make_entry_types(to), convert,
                      dry_run, {});
}

}  // namespace shelf::detail
