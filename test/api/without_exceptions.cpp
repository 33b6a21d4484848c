// API  [api] -> table -> journal -> file
// The typed layer in a program without exceptions and RTTI: it only has to compile.
#include "shelf/codec.hpp"

#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace {

struct inner {
  std::optional<std::string> name;
  std::vector<double> numbers;
};
struct outer {
  std::map<std::string, inner> by_name;
  std::variant<std::monostate, int, inner> either;
};
struct inner_view {
  std::optional<std::string_view> name;
  std::vector<double> numbers;
};

}  // namespace

shelf::result<std::string> everything(shelf::bytes input) {
  shelf::detail::encoder out;
  if (auto value = shelf::detail::decode<outer>(input)) shelf::detail::encode(out, *value);
  if (auto view = shelf::detail::decode_view<inner_view, inner>(input); !view) out.clear();
  if (auto sound = shelf::detail::check<outer>(input); !sound) {
    return std::unexpected(sound.error());
  }
  shelf::detail::encode_key<std::string>(out, "key");
  return shelf::detail::schema_of<outer>();
}
