// CLI  [cli] -> rows -> upkeep -> engine -> stores -> journal -> file
// Every command, option and example, in the words of CLI11.
#pragma once

#include "cli/option_words.hpp"
#include "cli/request.hpp"

#include <CLI/CLI.hpp>

#include <map>
#include <string>
#include <vector>

namespace shelf::cli {

/// The grammar. It fills the request that it was given.
class grammar {
 public:
  explicit grammar(request& r);
  [[nodiscard]] CLI::App& app() noexcept { return app_; }

 private:
  static constexpr const char* wide_integers =
      "Accept integers beyond 64 bits for `integer`; C++ programs then cannot open the table";
  static constexpr const char* what_programs_refuse =
      "Accept integers beyond 64 bits for `integer`, and what breaks a unique index: C++ programs "
      "then cannot open the table";

  CLI::App* command(const char* name, const char* text, const char* examples);
  CLI::App* on_file(const char* name, const char* text, const char* examples);
  void shared_options(CLI::App& to);
  void selection_options(CLI::App& to);
  void order_options(CLI::App& to);
  void explain_flag(CLI::App& to);
  void columns_option(CLI::App& to, const char* text);
  void rows_options(CLI::App& to);
  void types_options(CLI::App& to);
  void key_argument(CLI::App& to);
  void raw_flag(CLI::App& to);
  /// `Into` is the word's T, or an optional one.
  template <class Into, class T>
  static CLI::Option* choice(CLI::App& to, const char* name, Into& into,
                             const std::map<std::string, T>& words, const std::string& text) {
    return to
        .add_option_function<std::string>(
            name, [&into, &words](const std::string& word) { into = words.at(word); }, text)
        ->type_name(words_of(words))
        ->check(CLI::IsMember(words).description(""));
  }
  static CLI::Option* many(CLI::App& to, const char* name, std::vector<std::string>& into,
                           const char* value, const char* text) {
    return to.add_option(name, into, text)->type_name(value)->allow_extra_args(false);
  }
  /// A whole number from 0 on; CLI11 by itself takes -1 for the largest.
  template <class T>
  static CLI::Option* number(CLI::App& to, const char* name, T& into, const char* text) {
    return to.add_option(name, into, text)->type_name("N")->check(whole_number());
  }
  [[nodiscard]] static CLI::Validator whole_number();
  void reading_commands();
  void changes_command();
  void list_command();
  void writing_commands();
  void touch_command();
  void row_commands();
  void dump_commands();
  void backup_commands();
  void file_commands();
  void shell_commands();

  request& r_;
  CLI::App app_;
};

}  // namespace shelf::cli
