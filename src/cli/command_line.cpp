// CLI  [cli] -> rows -> upkeep -> engine -> stores -> journal -> file
// Every command, option and example, in the words of CLI11.
#include "cli/command_line.hpp"

#include "cli/nearest_word.hpp"
#include "cli/option_words.hpp"
#include "cli/terminal/display_text.hpp"
#include "shelf/version.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <memory>
#include <sstream>
#include <system_error>

namespace shelf::cli {
namespace {

constexpr const char* wide_integers =
    "Accept integers beyond 64 bits for `integer`; C++ programs then cannot open the table";

/// Empty if it is a number of digits alone, as CLI11 wants it of a check.
[[nodiscard]] std::string refuse_no_number(const std::string& text) {
  std::uint64_t value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = read.ec == std::errc{} && read.ptr == text.data() + text.size();
  return whole ? "" : "expected a whole number from 0 on, found " + text;
}

/// The grammar. It fills the request that it was given.
class grammar {
 public:
  explicit grammar(request& r);
  [[nodiscard]] CLI::App& app() noexcept { return app_; }

 private:
  CLI::App* command(const char* name, const char* text, const char* examples);
  CLI::App* on_file(const char* name, const char* text, const char* examples);
  void shared_options(CLI::App& to);
  void selection_options(CLI::App& to);
  void order_options(CLI::App& to);
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
    return to.add_option(name, into, text)
        ->type_name("N")
        ->check(CLI::Validator(refuse_no_number, ""));
  }
  void reading_commands();
  void changes_command();
  void list_command();
  void writing_commands();
  void touch_command();
  void row_commands();
  void file_commands();
  void shell_commands();

  request& r_;
  CLI::App app_;
};

grammar::grammar(request& r) : r_(r), app_("Inspects and changes shelf tables.", "shelf") {
  app_.set_version_flag("--version", "shelf " + std::string(version));
  app_.require_subcommand(0, 1);
  app_.footer(
      "Examples:\n"
      "  shelf sessions.shelf                 what the table is, and its first rows\n"
      "  shelf get sessions.shelf alice       one value\n"
      "  shelf list users.shelf --where 'age>30' --limit 5\n"
      "  shelf export users.shelf users.csv   every row\n"
      "  shelf COMMAND --help                 more about a command, with examples\n"
      "\n"
      "Rows are a table on a terminal and JSON Lines in a pipe. Keys and values are written as\n"
      "the file's schema says: plain text, numbers, U+1F600, JSON for records and lists.\n"
      "Exit status: 0 success, 1 refused or damaged, 2 usage, 3 no such key or file.");
  app_.add_option("FILE", r_.file, "A table: shows what it is and its first rows");
  shared_options(app_);
  reading_commands();
  writing_commands();
  row_commands();
  file_commands();
  shell_commands();
}

CLI::App* grammar::command(const char* name, const char* text, const char* examples) {
  auto* const c = app_.add_subcommand(name, text);
  c->footer("Examples:\n" + std::string(examples));
  c->callback([this, name] { r_.command = name; });
  return c;
}

CLI::App* grammar::on_file(const char* name, const char* text, const char* examples) {
  auto* const c = command(name, text, examples);
  c->add_option("FILE", r_.file, "The table's file")->required();
  shared_options(*c);
  return c;
}

void grammar::shared_options(CLI::App& to) {
  auto* const json = to.add_flag_callback(
      "--json", [this] { r_.how = notation::json; }, "JSON, on a terminal too");
  to.add_flag_callback(
        "--term", [this] { r_.how = notation::erlang; },
        "Keys and values as Erlang text, in arguments and in output")
      ->excludes(json);
  to.add_option("--table", r_.table, "Which table of a file that holds several")->type_name("NAME");
  choice(to, "--color", r_.colour, colour_words, "Colors; auto: on a terminal, unless NO_COLOR");
}

void grammar::selection_options(CLI::App& to) {
  auto& s = r_.selection;
  to.add_option("--from", s.from, "First key")->type_name("KEY");
  to.add_option("--to", s.to, "End before this key")->type_name("KEY");
  to.add_option("--prefix", s.prefix, "Keys that begin with this text")->type_name("TEXT");
  many(to, "-w,--where", s.where, "'COLUMN<VALUE'",
       "Rows that match: = != < <= > >=, and ~ for \"contains\". Several must all match");
  number(to, "-n,--limit", s.limit, "At most N rows");
  number(to, "--skip", s.skip, "Without the first N rows");
}

/// Of rows that are shown; to count them none is needed.
void grammar::order_options(CLI::App& to) {
  auto& s = r_.selection;
  to.add_option("--sort", s.sort,
                "Sort by this column, or by several: A,B,..; without --limit in memory")
      ->delimiter(',')
      ->type_name("COLUMN")
      ->allow_extra_args(false);
  to.add_flag("-r,--reverse", s.backwards,
              "Last row first: of an ordered_set, or of what --sort sorts");
}

void grammar::columns_option(CLI::App& to, const char* text) {
  to.add_option("--columns", r_.rows.columns, text)
      ->delimiter(',')
      ->type_name("A,B,..")
      ->allow_extra_args(false);
}

void grammar::rows_options(CLI::App& to) {
  auto& rows = r_.rows;
  choice(to, "-f,--format", rows.format, formats,
         "Default: by the file name extension, else jsonl");
  to.add_option("--separator", rows.separator, "csv, tsv: the character between cells")
      ->type_name("CHARACTER");
  to.add_flag("--no-header", rows.without_header, "csv, tsv: no line of column names");
  columns_option(to, "csv, tsv: columns, in this order");
}

void grammar::types_options(CLI::App& to) {
  choice(to, "--kind", r_.types.what, kinds,
         "One value per key (set or map; ordered_set or ordered_map: in key order) or several");
  to.add_option("--key", r_.types.key, "Type of keys, such as binary or {integer, binary}")
      ->type_name("TYPE");
  to.add_option("--value", r_.types.value, "Type of values, such as 'user{name: binary}'")
      ->type_name("TYPE");
}

void grammar::key_argument(CLI::App& to) {
  to.add_option("KEY", r_.key, "Written according to the schema")->required();
}

/// Of what prints a value.
void grammar::raw_flag(CLI::App& to) {
  to.add_flag("--raw", r_.raw,
              "The bytes of a binary and nothing else; otherwise the external term");
}

void grammar::reading_commands() {
  on_file("info", "Shows kind, types, sizes, and the process that has the file open",
          "  shelf info sessions.shelf\n"
          "  shelf info sessions.shelf --json | jq .entries");
  auto* const get =
      on_file("get", "Prints the value of a key; in a bag all its values, one per line",
              "  shelf get sessions.shelf alice\n"
              "  shelf get names.shelf U+1F600\n"
              "  shelf get sessions.shelf alice --expires\n"
              "  shelf get images.shelf logo --raw > logo.png\n"
              "  shelf get scores.shelf -- -5          a key that starts with -");
  key_argument(*get);
  raw_flag(*get);
  get->add_flag("--expires", r_.with_deadline, "Also print when the entry expires")
      ->excludes(get->get_option("--raw"));
  auto* const count = on_file("count", "Counts rows",
                              "  shelf count users.shelf\n"
                              "  shelf count users.shelf --where 'age>=18'");
  selection_options(*count);
  list_command();
  auto* const diff =
      on_file("diff", "Prints the differences between two tables; status 1 if there are any",
              "  shelf diff yesterday.shelf today.shelf\n"
              "  shelf diff a.shelf b.shelf --json | jq -r .key");
  diff->add_option("OTHER", r_.other, "The table to compare with")->required();
  changes_command();
  auto* const watch =
      on_file("watch", "Repeats info until interrupted, or prints each new value of a key",
              "  shelf watch sessions.shelf\n"
              "  shelf watch sessions.shelf --interval 0.5 --rounds 10\n"
              "  shelf watch settings.shelf limit");
  watch->add_option("KEY", r_.watched, "The key; its present value is printed first");
  watch->add_option("-i,--interval", r_.interval, "Seconds between refreshes")
      ->type_name("SECONDS")
      ->capture_default_str();
  number(*watch, "--rounds", r_.rounds, "Stop after N refreshes, or values");
}

void grammar::changes_command() {
  auto* const changes =
      on_file("changes", "Prints what was written, change by change, with positions",
              "  shelf changes orders.shelf\n"
              "  shelf changes orders.shelf --from now --follow\n"
              "  shelf changes orders.shelf --from 1-0000000590150280-42 --json");
  changes->add_option("--from", r_.from, "Start behind this position, or at oldest or now")
      ->type_name("POSITION")
      ->capture_default_str();
  changes->add_flag("--follow", r_.follow, "Continue with what is written until interrupted");
  changes->add_flag("--before", r_.before, "Print replaced values, where they are known");
}

void grammar::list_command() {
  auto* const list = on_file("list", "Prints rows: a table on a terminal, JSON Lines in a pipe",
                             "  shelf list users.shelf --where 'age>30' --where 'city=Berlin'\n"
                             "  shelf list words.shelf --prefix un --limit 20\n"
                             "  shelf list log.shelf --from 1000 --to 2000\n"
                             "  shelf list users.shelf --sort age --reverse --columns name,age\n"
                             "  shelf list log.shelf --reverse --limit 5   the last five\n"
                             "  shelf list log.shelf --limit 50 --page ''  the first page");
  selection_options(*list);
  order_options(*list);
  list->add_flag("--expired", r_.expired, "Only entries that have expired and are not erased yet");
  columns_option(*list, "Columns to print, in this order");
  list->add_option_function<std::string>(
          "--page", [this](const std::string& cursor) { r_.selection.page = cursor; },
          "A page of --limit rows of an ordered_set, then a line with the cursor of the next; "
          "'' begins with the first")
      ->type_name("CURSOR")
      ->needs(list->get_option("--limit"))
      ->excludes(list->get_option("--skip"), list->get_option("--sort"));
}

void grammar::writing_commands() {
  auto* const create =
      on_file("create", "Creates an empty table",
              "  shelf create ages.shelf --key binary --value integer\n"
              "  shelf create users.shelf --kind ordered_set --key integer \\\n"
              "        --value 'user{name: binary, mail: optional(binary)}'\n"
              "docs/types.md lists the types; without them a table takes any term.");
  types_options(*create);
  auto* const put = on_file("put", "Sets the value of a key; in bags, adds one",
                            "  shelf put ages.shelf alice 30\n"
                            "  shelf put users.shelf 7 '{\"name\": \"alice\", \"mail\": null}'\n"
                            "  shelf put images.shelf logo --raw < logo.png\n"
                            "  shelf put sessions.shelf s1 alice --expires 30m\n"
                            "  shelf put any.shelf --term '{a,1}' '#{b => [1,2]}'");
  key_argument(*put);
  put->add_option("VALUE", r_.value, "The same; default: read from standard input");
  put->add_flag("--new", r_.only_new, "Only if the key is not in the table");
  put->add_flag("--raw", r_.raw, "The value is a binary of exactly these bytes");
  put->add_flag("--force", r_.force, wide_integers);
  put->add_option("--expires", r_.expires,
                  "After 90s, 5m, 1h30m or 7d, at a time, never, or keep "
                  "the deadline that it has; default: never")
      ->type_name("WHEN");
  auto* const erase = on_file("delete", "Deletes a key; status 3 if it is not in the table",
                              "  shelf delete ages.shelf alice\n"
                              "  shelf delete visits.shelf alice 2026-11-20   one value of a bag");
  key_argument(*erase);
  erase->add_option("VALUE", r_.value, "Delete only this value");
  auto* const take =
      on_file("take", "Deletes a key and prints what its value was, in one atomic step",
              "  shelf take jobs.shelf 17\n"
              "  shelf take images.shelf logo --raw > logo.png");
  key_argument(*take);
  raw_flag(*take);
  touch_command();
}

void grammar::touch_command() {
  auto* const touch = on_file("touch", "Changes when an entry expires",
                              "  shelf touch sessions.shelf alice --in 30m\n"
                              "  shelf touch sessions.shelf alice --at 2027-01-01T00:00:00Z\n"
                              "  shelf touch sessions.shelf alice --never");
  key_argument(*touch);
  auto* const in = touch->add_option("--in", r_.in, "After this time: 90s, 5m, 1h30m, 7d");
  auto* const at = touch->add_option("--at", r_.at, "At this time; one that has passed is allowed");
  in->type_name("DURATION")->excludes(at);
  at->type_name("TIME");
  touch->add_flag("--never", r_.never, "Not at all")->excludes(in, at);
}

void grammar::row_commands() {
  auto* const in = on_file(
      "import", "Imports the rows of a file in one atomic step",
      "  shelf import users.shelf users.csv\n"
      "  shelf import words.shelf words.txt --kind ordered_set --key binary --value nil \\\n"
      "        --format tsv --no-header --columns key\n"
      "  zcat big.jsonl.gz | shelf import big.shelf -\n"
      "  shelf import users.shelf users.csv --skip-bad --rejects bad.csv");
  in->add_option("INPUT", r_.other, "File with rows; - is standard input")->required();
  rows_options(*in);
  in->add_flag("--comments", r_.rows.comments, "csv, tsv: ignore lines that begin with #");
  types_options(*in);
  auto* const only_new =
      in->add_flag("--new", r_.only_new, "Reject rows whose key is already in the table");
  in->add_flag("--append", r_.append,
               "Do not compare rows with the table: needs no memory for it, but rows that change "
               "nothing take space until the next compaction")
      ->excludes(only_new);
  in->add_flag("--force", r_.force, wide_integers);
  auto* const skip = in->add_flag("--skip-bad", r_.skip_bad,
                                  "Skip bad rows and report them; status 1 if there were any");
  in->add_option("--rejects", r_.rejects, "Write skipped rows to this file, unchanged")
      ->type_name("FILE")
      ->needs(skip);
  auto* const out = on_file("export", "Exports the rows of one moment, also while a program writes",
                            "  shelf export users.shelf users.csv\n"
                            "  shelf export users.shelf --format erlang > users.terms\n"
                            "  shelf export users.shelf --format csv --columns key,mail");
  out->add_option("OUTPUT", r_.other, "The file to write; default: standard output");
  rows_options(*out);
  selection_options(*out);
  order_options(*out);
  choice(*out, "--expiry", r_.lost, dropping, "Leave deadlines out; only jsonl keeps them");
  out->add_flag("--force", r_.force, "Replace OUTPUT even if it is a table, unless it is open");
  auto* const convert =
      on_file("convert", "Converts DETS files and ETS dumps to shelf tables, and back",
              "  shelf convert users.dets users.shelf\n"
              "  shelf convert users.shelf users.dets --force\n"
              "  shelf convert users.tab users.shelf          written by ets:tab2file\n"
              "  shelf convert users.dets repaired.dets       repaired, without gaps");
  convert->add_option("TARGET", r_.other, "A new file")->required();
  choice(*convert, "--to", r_.to, targets, "Default: by the file name extension");
  choice(*convert, "--as", r_.shape, shapes,
         "Whether {Key, Value} is an entry, or the value is the whole object. Default: pairs if "
         "all objects are pairs");
  choice(*convert, "--expiry", r_.lost, losses,
         "To DETS: leave deadlines out, or store {Value, DeadlineMs} in place of the value");
  number(*convert, "--keypos", r_.keypos, "To DETS with --as objects: position of the key");
  convert->add_flag("--force", r_.force, "Replace the target if it exists");
}

void grammar::file_commands() {
  auto* const copy = on_file("copy", "Backs up one moment of a table, also while a program writes",
                             "  shelf copy sessions.shelf backup/sessions-$(date +%F).shelf");
  copy->add_option("TARGET", r_.other, "A new file")->required();
  on_file("check", "Verifies every byte and entry; changes nothing",
          "  shelf check sessions.shelf && echo all is well");
  auto* const salvage =
      on_file("salvage", "Recovers a damaged table into a new file and reports losses",
              "  shelf salvage damaged.shelf rescued.shelf\n"
              "If the first batch is lost, say what the table was:\n"
              "  shelf salvage damaged.shelf rescued.shelf --kind set --key binary --value any");
  salvage->add_option("TARGET", r_.other, "A new file")->required();
  types_options(*salvage);
  on_file("compact", "Rewrites the file without replaced and deleted entries",
          "  shelf compact sessions.shelf\n"
          "  shelf compact orders.shelf --drop-history")
      ->add_flag("--drop-history", r_.drop_history,
                 "Also without the changes that its programs keep for feeds");
  auto* const migrate =
      on_file("migrate", "Changes the fields of stored records in one atomic step",
              "  shelf migrate users.shelf --rename mail=email --dry-run\n"
              "  shelf migrate users.shelf --default 'age: integer = 0' --drop nickname\n"
              "  shelf migrate users.shelf --record customer");
  many(*migrate, "--rename", r_.renames, "OLD=NEW", "Rename a field");
  many(*migrate, "--default", r_.defaults, "'FIELD: TYPE = VALUE'", "Add a field at the end");
  many(*migrate, "--drop", r_.drops, "FIELD", "Remove a field");
  migrate->add_option("--record", r_.record, "Rename the record")->type_name("NAME");
  migrate->add_flag("--dry-run", r_.dry_run, "Convert and check everything, but change nothing");
  auto* const remove = on_file("remove", "Removes the file unless it is open for writing",
                               "  shelf remove old.shelf --yes");
  remove->add_flag("-y,--yes", r_.yes, "Do not ask; required without a terminal");
}

void grammar::shell_commands() {
  auto* const bench = command("bench", "Measures shelf on your disk: rates and durability",
                              "  shelf bench\n"
                              "  shelf bench /var/lib/mine --json");
  bench->add_option("DIRECTORY", r_.other,
                    "Where to measure; default: here. Leaves nothing behind");
  shared_options(*bench);
  auto* const completion = command("completion", "Prints shell completion code",
                                   "  source <(shelf completion bash)\n"
                                   "  shelf completion zsh > ~/.zfunc/_shelf");
  completion->add_option("SHELL", r_.other, "bash or zsh")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh"}).description(""));
  command("man", "Prints the man page", "  shelf man | man -l -");
}

[[nodiscard]] std::vector<std::string> split(const std::string& words) {
  std::vector<std::string> all;
  if (words.find('|') == std::string::npos) return all;
  for (std::size_t at = 0; at <= words.size();) {
    const auto end = std::min(words.find('|', at), words.size());
    all.push_back(words.substr(at, end - at));
    at = end + 1;
  }
  return all;
}

[[nodiscard]] command_outline outline_of(const CLI::App& app) {
  command_outline c{app.get_name(), app.get_description(), app.get_footer(), {}};
  for (const auto* o : app.get_options()) {
    const bool argument = o->get_positional();
    const bool takes = o->get_expected_max() != 0 && !argument;
    c.options.push_back({.names = argument ? o->get_name(true) : o->get_name(false, true),
                         .value = takes ? o->get_type_name() : std::string(),
                         .text = o->get_description(),
                         .is_argument = argument,
                         .choices = split(o->get_type_name())});
    if (argument && c.options.back().names == "SHELL") c.options.back().choices = {"bash", "zsh"};
  }
  return c;
}

/// A sentence if what was taken for a file, with more words behind it, was meant as a command.
[[nodiscard]] std::string mistyped_command(const CLI::App& app) {
  const auto words = app.get_option("FILE")->results();
  std::error_code unknown;
  const bool is_file = words.empty() || std::filesystem::exists(words[0], unknown);
  return is_file || !app.get_subcommands().empty() ? "" : no_such_command(words[0]);
}

/// The help or the version on standard output, a complaint on standard error: safe to show,
/// whatever was typed.
[[nodiscard]] exit_status tell(const CLI::App& app, const CLI::ParseError& e,
                               const std::string& instead) {
  std::ostringstream out;
  std::ostringstream complaint;
  const int status = app.exit(e, out, complaint);
  std::fputs(out.str().c_str(), stdout);
  const auto text = instead.empty() ? complaint.str() : instead + "\n";
  if (!text.empty()) std::fputs(("shelf: " + printable_lines(text)).c_str(), stderr);
  return status == 0 ? exit_status::ok : exit_status::usage;
}

}  // namespace

std::variant<request, exit_status> parse_command_line(int count, const char* const* words) {
  request r;
  grammar g(r);
  try {
    g.app().parse(count, words);
  } catch (const CLI::ParseError& e) {
    const bool is_extra = e.get_exit_code() == static_cast<int>(CLI::ExitCodes::ExtrasError);
    return tell(g.app(), e, is_extra ? mistyped_command(g.app()) : "");
  }
  if (r.command.empty() && r.file.empty()) {
    std::fputs(g.app().help().c_str(), stderr);
    return exit_status::usage;
  }
  return r;
}

std::string no_such_command(const std::string& word) {
  std::vector<std::string> names;
  for (const auto& c : outline()) names.push_back(c.name);
  names.erase(names.begin());  // shelf itself
  const auto meant = nearest_word(word, names);
  return "there is no command '" + word + "'" +
         (meant.empty() ? "; `shelf --help` shows all" : "; did you mean '" + meant + "'?");
}

std::vector<command_outline> outline() {
  request r;
  grammar g(r);
  std::vector<command_outline> all{outline_of(g.app())};
  all[0].name = "shelf";
  for (const auto* c : g.app().get_subcommands([](const CLI::App*) { return true; })) {
    all.push_back(outline_of(*c));
  }
  return all;
}

}  // namespace shelf::cli
