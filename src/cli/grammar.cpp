// CLI  [cli] -> rows -> upkeep -> engine -> stores -> journal -> file
// What commands have in common, and the commands that read and write entries.
#include "cli/grammar.hpp"

#include "shelf/version.hpp"

#include <charconv>
#include <cstdint>
#include <string>
#include <system_error>

namespace shelf::cli {
namespace {

/// Empty if it is a number of digits alone, as CLI11 wants it of a check.
[[nodiscard]] std::string refuse_no_number(const std::string& text) {
  std::uint64_t value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = read.ec == std::errc{} && read.ptr == text.data() + text.size();
  return whole ? "" : "expected a whole number from 0 on, found " + text;
}

}  // namespace

CLI::Validator grammar::whole_number() { return {refuse_no_number, ""}; }

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
  dump_commands();
  backup_commands();
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

void grammar::explain_flag(CLI::App& to) {
  to.add_flag("--explain", r_.explains,
              "Print how the rows are found, and how many entries were looked at");
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
  explain_flag(*count);
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
  explain_flag(*list);
  columns_option(*list, "Columns to print, in this order");
  list->add_option_function<std::string>(
          "--page", [this](const std::string& cursor) { r_.selection.page = cursor; },
          "A page of --limit rows of an ordered_set, then a line with the cursor of the next; "
          "'' begins with the first")
      ->type_name("CURSOR")
      ->needs(list->get_option("--limit"))
      ->excludes(list->get_option("--skip"), list->get_option("--sort"),
                 list->get_option("--explain"));
}

void grammar::writing_commands() {
  auto* const create =
      on_file("create", "Creates an empty table",
              "  shelf create ages.shelf --key binary --value integer\n"
              "  shelf create users.shelf --kind ordered_set --key integer \\\n"
              "        --value 'user{name: binary, mail: optional(binary)}' --unique name\n"
              "docs/types.md lists the types; without them a table takes any term.");
  types_options(*create);
  many(*create, "--unique", r_.types.unique, "FIELD[,FIELD]",
       "No two values may have the same in this field, or in these together");
  many(*create, "--index", r_.types.indexes, "FIELD[,FIELD]",
       "Record an index over this field, or these, for those who read the file");
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
  put->add_flag("--force", r_.force, what_programs_refuse);
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

}  // namespace shelf::cli
