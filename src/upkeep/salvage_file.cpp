// UPKEEP  cli -> rows -> [upkeep] -> engine -> stores -> journal -> file
// A damaged file salvaged: what comes out has schemas that every open reads.
#include "codec/schema_tree.hpp"
#include "shelf/upkeep.hpp"
#include "upkeep/salvaging.hpp"

namespace shelf {

result<salvage_report> salvage(const std::string& from, const std::string& to,
                               const salvage_options& options, const progress& tell) {
  const auto judge = [](const std::string& schema) -> result<> {
    const auto tree = detail::parse_schema(schema);
    if (!tree) return std::unexpected(tree.error());
    return {};
  };
  for (const auto* told : {&options.key_schema, &options.value_schema}) {
    if (const auto sound = judge(*told); !sound) {
      return std::unexpected(
          error(errc::invalid_argument, "a schema of salvage_options " + sound.error().message()));
    }
  }
  return upkeep::salvage(from, to, options, judge, tell);
}

}  // namespace shelf
