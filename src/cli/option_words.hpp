// CLI  [cli] -> rows -> upkeep -> engine -> stores -> journal -> file
// The words that options take, and what they mean.
#pragma once

#include "cli/request.hpp"

#include <map>
#include <string>

namespace shelf::cli {

// Erlang's names, and those of the C++ types.
inline const std::map<std::string, kind> kinds{{"set", kind::set},
                                               {"map", kind::set},
                                               {"ordered_set", kind::ordered_set},
                                               {"ordered_map", kind::ordered_set},
                                               {"bag", kind::bag},
                                               {"duplicate_bag", kind::duplicate_bag}};
inline const std::map<std::string, row_format> formats{{"jsonl", row_format::json_lines},
                                                       {"csv", row_format::csv},
                                                       {"tsv", row_format::tsv},
                                                       {"erlang", row_format::erlang},
                                                       {"etf-hex", row_format::etf_hex}};
inline const std::map<std::string, row_format> dump_formats{{"jsonl", row_format::json_lines},
                                                            {"erlang", row_format::erlang}};
inline const std::map<std::string, colours> colour_words{
    {"auto", colours::where_possible}, {"always", colours::always}, {"never", colours::never}};

inline const std::map<std::string, target_format> targets{{"shelf", target_format::native},
                                                          {"dets", target_format::dets},
                                                          {"sqlite", target_format::sqlite}};
inline const std::map<std::string, object_shape> shapes{{"pairs", object_shape::pairs},
                                                        {"objects", object_shape::objects}};
inline const std::map<std::string, lost_deadlines> dropping{{"drop", lost_deadlines::drop}};
inline const std::map<std::string, lost_deadlines> losses{{"drop", lost_deadlines::drop},
                                                          {"field", lost_deadlines::field}};

/// The words of a map, for help and completion.
template <class T>
[[nodiscard]] std::string words_of(const std::map<std::string, T>& all) {
  std::string text;
  for (const auto& [word, value] : all) text += (text.empty() ? "" : "|") + word;
  return text;
}

}  // namespace shelf::cli
