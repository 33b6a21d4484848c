#!/usr/bin/env python3
"""Real files as Debian ships them: in, out, and compared byte for byte or field for field."""
import gzip
import json
import subprocess
from pathlib import Path

from tool import ToolTest, budgeted, main

UNICODE = Path("/usr/share/unicode/UnicodeData.txt")
WORDS = Path("/usr/share/dict/american-english-huge")
ZONES = Path("/usr/share/zoneinfo")
STATUS = Path("/var/lib/dpkg/status")

# The fields of UnicodeData.txt behind the code point, in their order.
CHARACTER = ("character{name: binary, category: binary, combining: integer, bidirectional: binary, "
             "decomposition: binary, decimal: binary, digit: binary, numeric: binary, "
             "mirrored: atom('Y', 'N'), old_name: binary, comment: binary, upper: binary, "
             "lower: binary, title: binary}")


def text_of(path):
    """A file that may be packed."""
    packed = path.with_name(path.name + ".gz")
    return path.read_bytes() if path.exists() else gzip.decompress(packed.read_bytes())


def paragraphs(text):
    """The paragraphs of a file of packages, each a dictionary of its fields."""
    for paragraph in text.split("\n\n"):
        fields, name = {}, None
        for line in paragraph.split("\n"):
            if line[:1] in (" ", "\t") and name:
                fields[name] += "\n" + line
            elif ":" in line:
                name, _, content = line.partition(":")
                fields[name] = content.removeprefix(" ")
        if fields:
            yield fields


class RealData(ToolTest):
    def test_the_unicode_database_comes_back_byte_for_byte(self):
        lines = text_of(UNICODE).splitlines(keepends=True)
        self.assertGreater(len(lines), 30_000)
        lines = lines[:budgeted(len(lines))]
        how = ("--format", "csv", "--separator", ";", "--no-header")
        self.write("UnicodeData.txt", b"".join(lines))
        self.shelf("import", "u.shelf", "UnicodeData.txt", "--kind", "ordered_set", "--key",
                   "binary", "--value", CHARACTER, *how)
        self.shelf("export", "u.shelf", "again.txt", *how)
        self.assertEqual(self.read("again.txt").splitlines(keepends=True),
                         sorted(lines, key=lambda line: line.split(b";")[0]))
        names = [r["key"] for r in self.shelf("list", "u.shelf", "--where", "category=Sc").json]
        wanted = sorted(line.split(b";")[0].decode() for line in lines if b";Sc;" in line)
        self.assertEqual(names, wanted)

    def test_the_unicode_database_by_code_point_is_in_the_order_of_the_file(self):
        lines = [line.split(";") for line in text_of(UNICODE).decode().splitlines()]
        rows = "".join(f"U+{f[0]}\t{f[1]}\n" for f in lines)
        self.shelf("import", "names.shelf", "-", "--kind", "ordered_set", "--key", "integer",
                   "--value", "string", "--format", "tsv", "--no-header", given=rows)
        told = self.shelf("export", "names.shelf", "--format", "tsv", "--no-header").out
        self.assertEqual(told, "".join(f"{int(f[0], 16)}\t{f[1]}\n" for f in lines))
        self.assertEqual(self.shelf("get", "names.shelf", "U+1F600").out, "GRINNING FACE\n")

    def test_a_word_list_comes_back_byte_for_byte(self):
        words = WORDS.read_bytes().splitlines()
        self.assertGreater(len(words), 300_000)
        words = words[::max(1, 100 // budgeted(100))]
        self.write("words", b"".join(word + b"\n" for word in words))
        in_order = b"".join(word + b"\n" for word in sorted(set(words)))
        how = ("--format", "tsv", "--no-header", "--columns", "key")
        self.shelf("import", "words.shelf", "words", "--kind", "ordered_set", "--key", "binary",
                   "--value", "nil", *how)
        self.shelf("export", "words.shelf", "again", *how)
        self.assertEqual(self.read("again"), in_order)
        un = [w.decode() for w in sorted(set(words)) if w.startswith(b"unb")]
        told = [r["key"] for r in self.shelf("list", "words.shelf", "--prefix", "unb").json]
        self.assertEqual(told, un)

    def test_the_list_of_packages_comes_back_field_for_field_in_every_format(self):
        packages = {}
        for fields in paragraphs(STATUS.read_text("utf-8")):
            packages[fields["Package"] + ":" + fields.get("Architecture", "")] = fields
        self.assertGreater(len(packages), 50)
        rows = "".join(json.dumps({"key": k, "value": v}) + "\n" for k, v in packages.items())
        types = ("--kind", "set", "--key", "binary", "--value", "map(binary, binary)")
        self.shelf("import", "p.shelf", "-", *types, given=rows)
        for name in ("p.jsonl", "p.csv", "p.tsv", "p.terms", "p.hex"):
            self.shelf("export", "p.shelf", name)
            self.shelf("import", "again.shelf", name, *types)
            again = {r["key"]: r["value"] for r in self.shelf("list", "again.shelf").json}
            self.assertEqual(again, packages, name)
            self.shelf("remove", "again.shelf", "--yes")

    def test_the_lists_of_apt_come_back_field_for_field(self):
        # What apt knows of packages it could install, as far as its lists are there.
        told = subprocess.run(["apt-cache", "dumpavail"], capture_output=True, check=False)
        text = told.stdout[:4_000_000].decode("utf-8", "replace").rpartition("\n\n")[0]
        packages = {f["Package"]: f for f in paragraphs(text or STATUS.read_text("utf-8"))}
        rows = "".join(json.dumps([k, v]) + "\n" for k, v in packages.items())
        self.shelf("import", "a.shelf", "-", "--kind", "set", given=rows)
        again = {r["key"]: r["value"] for r in self.shelf("list", "a.shelf").json}
        self.assertEqual(again, packages)

    def test_compiled_time_zones_come_back_byte_for_byte(self):
        zones = {str(p.relative_to(ZONES)): p.read_bytes() for p in sorted(ZONES.rglob("*"))
                 if p.is_file() and p.read_bytes()[:4] == b"TZif"}
        self.assertGreater(len(zones), 300)
        rows = "".join(json.dumps([k, {"$hex": v.hex()}]) + "\n" for k, v in zones.items())
        types = ("--kind", "ordered_set", "--key", "string", "--value", "binary")
        self.shelf("import", "z.shelf", "-", *types, given=rows)
        for name in ("z.jsonl", "z.csv", "z.tsv", "z.terms", "z.hex"):
            self.shelf("export", "z.shelf", name)
            self.shelf("import", "again.shelf", name, *types)
            self.shelf("diff", "z.shelf", "again.shelf")
            self.shelf("remove", "again.shelf", "--yes")
        for zone in ("Europe/Berlin", "Asia/Tokyo", "UTC"):
            self.assertEqual(self.shelf("get", "z.shelf", zone, "--raw").raw, zones[zone])

    def test_the_table_of_time_zones_comes_back_field_for_field(self):
        content = (ZONES / "zone.tab").read_text("utf-8")
        lines = [line for line in content.splitlines() if not line.startswith("#")]
        rows = [(line.split("\t") + [""])[:4] for line in lines]
        self.assertGreater(len(rows), 300)
        self.write("zone.tab", "".join("\t".join(row) + "\n" for row in rows))
        self.shelf("import", "zones.shelf", "zone.tab", "--kind", "ordered_set", "--key", "string",
                   "--value", "zone{country: string, place: string, comment: optional(string)}",
                   "--no-header", "--columns", "country,place,key,comment")
        told = self.shelf("export", "zones.shelf", "--format", "tsv", "--no-header", "--columns",
                          "country,place,key,comment").out
        self.assertEqual([line.split("\t") for line in told.split("\n") if line],
                         sorted(rows, key=lambda row: row[2].encode()))


if __name__ == "__main__":
    main()
