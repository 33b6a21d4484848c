// CLI  [cli] -> rows -> upkeep -> engine -> stores -> journal -> file
// The commands about rows in files, whole files, and the tool itself.
#include "cli/grammar.hpp"

namespace shelf::cli {
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
  in->add_flag("--force", r_.force, what_programs_refuse);
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
      on_file("convert", "Converts DETS files, ETS dumps and SQLite databases, and back",
              "  shelf convert users.dets users.shelf\n"
              "  shelf convert users.shelf users.dets --force\n"
              "  shelf convert users.tab users.shelf          written by ets:tab2file\n"
              "  shelf convert users.dets repaired.dets       repaired, without gaps\n"
              "  shelf convert shop.shelf shop.sqlite         one SQL table per table\n"
              "  shelf convert shop.sqlite shop.shelf");
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

void grammar::dump_commands() {
  auto* const dump = on_file("dump", "Writes all tables of a file as text",
                             "  shelf dump shop.shelf shop.jsonl\n"
                             "  shelf dump shop.shelf shop.terms   what Mnesia can load\n"
                             "  shelf dump shop.shelf | gzip > shop.jsonl.gz");
  dump->add_option("OUTPUT", r_.other, "The file to write; default: standard output");
  choice(*dump, "-f,--format", r_.rows.format, dump_formats,
         "Default: by the file name extension, else jsonl");
  choice(*dump, "--expiry", r_.lost, dropping, "Leave deadlines out; only jsonl keeps them");
  dump->add_flag("--force", r_.force, "Replace OUTPUT even if it is a table, unless it is open");
  auto* const load = on_file("load", "Makes a file of what dump, or Mnesia, has written",
                             "  shelf load shop.shelf shop.jsonl\n"
                             "  shelf load shop.shelf mnesia.terms --kind visits=bag\n"
                             "The second file was written by mnesia:dump_to_textfile/1.");
  load->add_option("INPUT", r_.other, "The dump; - is standard input")->required();
  choice(*load, "-f,--format", r_.rows.format, dump_formats,
         "Default: by the file name extension, else jsonl");
  load->add_option_function<std::vector<std::string>>(
          "--kind",
          [this](const std::vector<std::string>& all) {
            for (const auto& text : all) {
              const auto at = text.rfind('=');
              const auto what = kinds.find(at == text.npos ? "" : text.substr(at + 1));
              if (what == kinds.end()) {
                throw CLI::ValidationError("--kind", "expected TABLE=KIND, found " + text);
              }
              r_.table_kinds.emplace_back(text.substr(0, at), what->second);
            }
          },
          "The kind of a table for which the dump does not say it. Default: set")
      ->type_name("TABLE=KIND")
      ->allow_extra_args(false);
  load->add_flag("--force", r_.force, wide_integers);
}

void grammar::backup_commands() {
  auto* const backup = on_file(
      "backup", "Backs up one moment of a file, also while a program writes",
      "  shelf backup shop.shelf backup/shop.shelf --force\n"
      "  shelf backup shop.shelf backup/shop.1.shelf --since 1-9f3b5c0d2e4a6178-42\n"
      "An increment has what changed since the position that an earlier backup printed. If the\n"
      "file no longer has all of that, the backup is whole.");
  backup->add_option("TARGET", r_.other, "The backup to write")->required();
  backup->add_option("--since", r_.since, "Make an increment of what changed since then")
      ->type_name("POSITION");
  backup->add_flag("--force", r_.force, "Replace the target if it exists, unless it is open");
  auto* const restore =
      command("restore", "Makes a file of a backup and its increments",
              "  shelf restore backup/shop.shelf shop.shelf\n"
              "  shelf restore shop.0.shelf shop.shelf -i shop.1.shelf -i shop.2.shelf");
  restore->add_option("BACKUP", r_.file, "A whole backup")->required();
  restore->add_option("TARGET", r_.other, "The file to write")->required();
  many(*restore, "-i,--increment", r_.increments, "FILE", "Increments, in their order");
  restore->add_flag("--force", r_.force, "Replace the target if it exists, unless it is open");
  shared_options(*restore);
}

void grammar::file_commands() {
  auto* const copy = on_file("copy", "Copies one moment of a file, also while a program writes",
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
              "  shelf migrate users.shelf --record customer\n"
              "A FIELD inside other records is a path: address.city, items[].price, pair[0].x,\n"
              "and contact[mail].address for the record 'mail' of a variant:\n"
              "  shelf migrate shop.shelf --table orders --rename 'items[].price=cents'");
  many(*migrate, "--rename", r_.renames, "FIELD=NAME", "Rename a field");
  many(*migrate, "--default", r_.defaults, "'FIELD: TYPE = VALUE'", "Add a field at the end");
  many(*migrate, "--drop", r_.drops, "FIELD", "Remove a field");
  many(*migrate, "--record", r_.records, "[FIELD=]NAME", "Rename the record, or that of a field");
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

}  // namespace shelf::cli
