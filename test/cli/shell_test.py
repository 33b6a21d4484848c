#!/usr/bin/env python3
"""Completion and the man page: they know every command and option, and shells can load them."""
import os
import re
import subprocess

from tool import USAGE, ToolTest, main

COMMANDS = ["info", "get", "count", "list", "diff", "changes", "watch", "create", "put",
            "delete", "take", "touch", "import", "export",
            "convert", "dump", "load", "backup", "restore", "copy", "check", "salvage",
            "compact", "migrate", "remove", "bench", "completion", "man"]


class Shell(ToolTest):
    def options_of(self, command):
        return set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", self.shelf(*command, "--help").out))

    def bash(self, *words):
        """What bash would offer behind these words."""
        script = ('source <("$SHELF" completion bash); COMP_WORDS=("$@"); '
                  'COMP_CWORD=$(($# - 1)); _shelf; printf "%s\\n" "${COMPREPLY[@]}"')
        done = subprocess.run(["bash", "--norc", "-c", script, "-", "shelf", *words],
                              cwd=self.path, capture_output=True, check=True, text=True)
        self.assertEqual(done.stderr, "")
        return set(done.stdout.split())

    def test_help_lists_exactly_these_commands(self):
        told = self.shelf("--help").out.partition("Subcommands:")[2].partition("\n\n")[0]
        self.assertEqual(re.findall(r"(?m)^  (\w+)", told), COMMANDS)

    def test_bash_completes_commands_options_words_and_files(self):
        self.users()
        self.assertEqual(self.bash("co"), {"count", "convert", "copy", "compact", "completion"})
        self.assertEqual(self.bash("use"), {"users.shelf"})
        self.assertEqual(self.bash("list", "use"), {"users.shelf"})
        self.assertEqual(self.bash("create", "--kind", "ba"), {"bag"})
        self.assertEqual(self.bash("export", "x", "--format", ""),
                         {"jsonl", "csv", "tsv", "erlang", "etf-hex"})
        self.assertEqual(self.bash("completion", "z"), {"zsh"})
        for command in COMMANDS:
            self.assertLessEqual(self.options_of([command]), self.bash(command, "--"), command)

    def test_zsh_loads_its_completion_which_names_every_command_and_option(self):
        self.write("_shelf", self.shelf("completion", "zsh").raw)
        script = ("fpath=($PWD $fpath); autoload -Uz compinit; compinit -u -D; "
                  "print -r -- $_comps[shelf]; autoload +X _shelf; zsh -n _shelf")
        done = subprocess.run(["zsh", "-f", "-c", script], cwd=self.path, capture_output=True,
                              check=False, text=True, env={**os.environ, "HOME": str(self.path)})
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "_shelf\n", ""))
        text = self.read("_shelf").decode()
        for command in COMMANDS:
            body = text.partition(f"\n    {command})\n")[2].partition(";;")[0]
            for option in self.options_of([command]):
                self.assertIn(option + "[", body, command)

    def test_the_man_page_names_every_command_and_option_and_is_well_formed(self):
        page = self.shelf("man").out
        plain = page.replace("\\-", "-")
        for command in COMMANDS:
            section = plain.partition(f"\n.SS {command}\n")[2].partition("\n.S")[0]
            for option in self.options_of([command]):
                self.assertIn(option, section, command)
        macros = {line.split()[0] for line in page.splitlines() if line.startswith(".")}
        self.assertLessEqual(macros, {".TH", ".SH", ".SS", ".TP", ".PP", ".B", ".I", ".br", ".nf",
                                      ".fi"})
        self.assertEqual(page.count(".nf\n"), page.count(".fi\n"))

    def test_other_shells_are_refused(self):
        self.refused("completion", "fish", status=USAGE)


if __name__ == "__main__":
    main()
