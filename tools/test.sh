#!/usr/bin/env bash
# The tests: in release, built with GCC, every one; with the address and undefined-behavior
# sanitizers, built with Clang; with the thread sanitizer, the programs labelled `threads`. Warnings
# are errors in all of them. `make test` runs the first pass, `make test-sanitizers` the others.
#
#   tools/test.sh                all three
#   tools/test.sh release asan   some of them
#   tools/test.sh asan-tool      the tool's tests with the sanitizers
#   tools/test.sh clang          that Clang builds everything, the house's checks too
#
# SHELF_TEST_BUDGET (per cent, default 100) scales the suites that try many random cases or crash
# states, see test/budget.hpp. The sanitizers run at a fraction: they look for other things.
set -euo pipefail
cd "$(dirname "$0")/.."

jobs=${JOBS:-$(tools/jobs.sh)}
budget=${SHELF_TEST_BUDGET:-100}
[ $# -gt 0 ] || set -- release asan tsan
quiet=()
[ -t 1 ] || quiet=(-- --quiet)
closing=()

say() { printf '\n== %s (%d s)\n' "$*" "$SECONDS"; }

fail() {
  [ ${#closing[@]} -eq 0 ] || printf '\n%s\n' "${closing[@]}"
  printf '\ntest: %s\n' "$*" >&2
  exit 1
}

# build PRESET TARGET [CMAKE ARGUMENTS]
build() {
  local preset=$1 target=$2
  shift 2
  say "$preset: build, $jobs at a time"
  mkdir -p "build/$preset"
  cmake --preset "$preset" -DSHELF_BUILD_TESTS=ON "$@" >"build/$preset/configure.log" 2>&1 ||
    { cat "build/$preset/configure.log"; fail "$preset: configuring failed"; }
  cmake --build "build/$preset" -j "$jobs" --target "$target" "${quiet[@]+"${quiet[@]}"}" ||
    fail "$preset: the build failed"
}

# run PRESET BUDGET [CTEST ARGUMENTS]: all output to a log, what failed to the terminal as well.
run() {
  local preset=$1 share=$2 log=build/$1/ctest.log passed=yes
  shift 2
  say "$preset: tests"
  (export SHELF_TEST_BUDGET=$share; ctest --test-dir "build/$preset" -j "$jobs" --no-tests=error \
    --output-on-failure "$@") >"$log" 2>&1 || passed=no
  [ $passed = yes ] ||
    awk '/tests passed,/ { exit } !/^ *[0-9]+\/[0-9]+ Test .* Passed|^ +Start /' "$log"
  closing+=("-- $preset" "$(awk '/tests passed,/ { on = 1 } on' "$log")")
  [ $passed = yes ] || fail "$preset: tests failed, all output is in $log"
}

for pass in "$@"; do
  case $pass in
    release)
      build release all
      run release "$budget"
      ;;
    asan)
      build asan all -DSHELF_BUILD_EXAMPLES=OFF -DSHELF_BUILD_CLI=OFF
      run asan $((budget > 10 ? budget / 20 : budget)) -LE '^(house|docs|consume)$'
      ;;
    asan-tool)
      build asan all -DSHELF_BUILD_EXAMPLES=OFF -DSHELF_BUILD_CLI=ON
      run asan $((budget > 10 ? budget / 20 : budget)) -L '^tool$'
      ;;
    tsan)
      build tsan thread_tests -DSHELF_BUILD_EXAMPLES=OFF
      run tsan $((budget > 10 ? budget / 5 : budget)) -L '^threads$'
      ;;
    clang)
      build clang all
      closing+=("-- clang: everything was built without a warning")
      ;;
    *) fail "there is no pass '$pass': release, asan, asan-tool, tsan, clang" ;;
  esac
done

# The release run comes last: it is the one with every test in it.
printf '\nAll passes went well, in %d s.\n' "$SECONDS"
last=""
for ((i = 0; i < ${#closing[@]}; i++)); do
  if [ "${closing[i]}" = "-- release" ]; then
    last="${closing[i]}"$'\n'"${closing[i + 1]}"
    i=$((i + 1))
  else
    printf '%s\n' "${closing[i]}"
  fi
done
[ -z "$last" ] || printf '%s\n' "$last"
