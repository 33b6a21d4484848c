#!/usr/bin/env bash
# Rewrites the C++ sources as .clang-format says; with --check only reports what differs.
set -euo pipefail
cd "$(dirname "$0")/.."

program=${SHELF_CLANG_FORMAT:-clang-format-19}
how=(-i)
[ "${1:-}" != --check ] || how=(--dry-run --Werror)
folders=()
for folder in bench examples include src test; do
  [ ! -d $folder ] || folders+=($folder)
done
find "${folders[@]}" \( -name '*.cpp' -o -name '*.hpp' \) -print0 | sort -z |
  xargs -0 -r "$program" "${how[@]}"
