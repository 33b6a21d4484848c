#!/usr/bin/env python3
"""That install_packages.sh installs what is missing, says so first, and touches nothing else.
dpkg-query, apt-get, sudo and id are stand-ins that write down how they were called."""
import os
import pty
import subprocess
import tempfile
import unittest
from pathlib import Path

SCRIPT = Path(__file__).resolve().parent / "install_packages.sh"
PACKAGES = """# A list.

# build: the library
compiler
libboost2-dev replaces libboost1-dev

# test: the tests
tester
"""
STAND_INS = {
    "dpkg-query": 'for p in $INSTALLED; do [ "$p" = "${@: -1}" ] && echo -n installed; done; true',
    "apt-get": 'echo "apt-get $*" >>"$LOG"; [ "$1" != update ] || exit "${UPDATE:-0}"\n'
               '[ "$1" != -s ] || { for p in $REMOVES; do echo "Remv $p [1.0]"; done; }',
    "sudo": 'echo "sudo" >>"$LOG"; exec "$@"',
    "id": 'echo "$USER_ID"',
}


class InstallPackages(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.folder = Path(directory.name)
        (self.folder / "packages.txt").write_text(PACKAGES)
        (self.folder / "bin").mkdir()
        for tool in ("bash", "env", "awk", "dirname"):
            (self.folder / "bin" / tool).symlink_to(
                subprocess.check_output(["which", tool], text=True).strip())
        for name, body in STAND_INS.items():
            self.stand_in(name, body)

    def stand_in(self, name, body):
        path = self.folder / "bin" / name
        path.write_text(f"#!/usr/bin/env bash\n{body}\n")
        path.chmod(0o755)

    def run_script(self, *groups, answer=None, **environment):
        """Exit code, output, and the calls made, with no terminal or one that answers."""
        log = self.folder / "log"
        log.write_text("")
        surroundings = {"PATH": str(self.folder / "bin"), "LOG": str(log), "INSTALLED": "",
                        "REMOVES": "", "USER_ID": "0",
                        "SHELF_PACKAGES_FILE": str(self.folder / "packages.txt"), **environment}
        entry = subprocess.DEVNULL
        if answer is not None:
            ours, entry = pty.openpty()
            os.write(ours, answer.encode())
        done = subprocess.run([str(SCRIPT), *groups], env=surroundings, stdin=entry, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        if answer is not None:
            os.close(entry)
            os.close(ours)
        return done.returncode, done.stdout, log.read_text().splitlines()

    def test_without_a_terminal_the_list_is_shown_and_installed(self):
        code, output, calls = self.run_script("build", INSTALLED="compiler")
        self.assertEqual(code, 0, output)
        self.assertIn("  libboost2-dev", output)
        self.assertNotIn("  compiler", output)
        self.assertEqual(calls[0], "apt-get update -qq")
        self.assertEqual(calls[-1],
                         "apt-get install -y -qq --no-install-recommends libboost2-dev")

    def test_when_nothing_is_missing_nothing_is_said_or_called(self):
        done = self.run_script("build", INSTALLED="compiler libboost2-dev", USER_ID="1000")
        self.assertEqual(done, (0, "", []))

    def test_groups_add_up_and_others_stay_out(self):
        _, _, calls = self.run_script("build", "test")
        self.assertTrue(calls[-1].endswith(" compiler libboost2-dev tester"), calls)
        _, _, calls = self.run_script("test")
        self.assertTrue(calls[-1].endswith("recommends tester"), calls)

    def test_on_a_terminal_return_means_yes_and_n_means_no(self):
        self.assertEqual(self.run_script("test", answer="\n")[0], 0)
        self.assertEqual(self.run_script("test", answer="y\n")[0], 0)
        code, output, calls = self.run_script("test", answer="n\n")
        self.assertEqual((code, calls), (1, []))
        self.assertIn("not installed", output)

    def test_another_user_goes_through_sudo(self):
        code, _, calls = self.run_script("test", USER_ID="1000")
        self.assertEqual((code, calls.count("sudo")), (0, 2))

    def test_without_root_and_sudo_it_says_what_root_must_run(self):
        (self.folder / "bin" / "sudo").unlink()
        code, output, calls = self.run_script("test", USER_ID="1000")
        self.assertEqual((code, calls), (1, []))
        self.assertIn("apt-get install tester", output)

    def test_a_package_may_replace_only_what_the_list_says(self):
        code, output, calls = self.run_script("build", INSTALLED="compiler libboost1-dev",
                                              REMOVES="libboost1-dev")
        self.assertEqual(code, 0, output)
        self.assertIn("take the place of:\n  libboost1-dev", output)
        code, output, calls = self.run_script("build", INSTALLED="compiler", REMOVES="editor")
        self.assertEqual(code, 1)
        self.assertIn("would remove editor", output)
        self.assertFalse(any(call.startswith("apt-get install") for call in calls))

    def test_a_failed_update_is_no_reason_to_give_up(self):
        code, output, calls = self.run_script("test", UPDATE="100")
        self.assertEqual(code, 0)
        self.assertIn("update failed", output)
        self.assertTrue(calls[-1].startswith("apt-get install"))

    def test_elsewhere_than_on_debian_it_names_the_packages_and_goes_on(self):
        (self.folder / "bin" / "dpkg-query").unlink()
        code, output, calls = self.run_script("test")
        self.assertEqual((code, calls), (0, []))
        self.assertIn("tester", output)

    def test_it_can_be_told_to_keep_out(self):
        self.assertEqual(self.run_script("test", SHELF_SKIP_PACKAGES="1"), (0, "", []))

    def test_a_group_that_is_not_in_the_list_is_an_error(self):
        code, output, calls = self.run_script("toast")
        self.assertEqual((code, calls), (1, []))
        self.assertIn("no group 'toast'", output)


if __name__ == "__main__":
    unittest.main()
