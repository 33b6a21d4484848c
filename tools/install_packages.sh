#!/usr/bin/env bash
# Installs what is missing of the Debian packages that packages.txt lists for the groups given.
#
#   tools/install_packages.sh build test      shows what is missing, asks on a terminal, installs
#   tools/install_packages.sh --list build    prints the packages of a group, installs nothing
#
# SHELF_SKIP_PACKAGES=1 does nothing: for those who bring the libraries themselves.
set -euo pipefail

packages_file=${SHELF_PACKAGES_FILE:-$(dirname "$0")/../packages.txt}

fail() {
  printf 'install_packages: %s\n' "$*" >&2
  exit 1
}

# One line a package of the group: its name, then what it may replace.
lines_of() {
  awk -v wanted="$1" '
    /^# [a-z]+:/ { group = substr($2, 1, length($2) - 1); seen = seen || group == wanted; next }
    /^#/ || NF == 0 { next }
    group == wanted
    END { exit !seen }' "$packages_file" || fail "packages.txt has no group '$1'"
}

is_installed() {
  [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

list_only=no
if [ "${1:-}" = --list ]; then
  list_only=yes
  shift
fi
[ $# -gt 0 ] || fail "usage: install_packages.sh [--list] group..."

wanted=()
replaced=()
for group in "$@"; do
  lines=$(lines_of "$group")
  while read -r package _ others; do
    [ "$list_only" = no ] || echo "$package"
    wanted+=("$package")
    [ -z "$others" ] || replaced+=("$package $others")
  done <<<"$lines"
done
[ "$list_only" = no ] || exit 0
[ "${SHELF_SKIP_PACKAGES:-0}" != 1 ] || exit 0

if ! command -v dpkg-query >/dev/null; then
  echo "install_packages: this is no Debian; please see to these yourself: ${wanted[*]}" >&2
  exit 0
fi

missing=()
for package in "${wanted[@]}"; do
  is_installed "$package" || [[ " ${missing[*]-} " == *" $package "* ]] || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

removable=()
for line in "${replaced[@]+"${replaced[@]}"}"; do
  read -r package others <<<"$line"
  [[ " ${missing[*]} " == *" $package "* ]] || continue
  for other in $others; do
    ! is_installed "$other" || removable+=("$other")
  done
done

echo "These Debian packages are needed for '$*' and missing:"
printf '  %s\n' "${missing[@]}"
if [ ${#removable[@]} -gt 0 ]; then
  echo "They take the place of:"
  printf '  %s\n' "${removable[@]}"
fi

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null ||
    fail "neither root nor sudo; as root run: apt-get install ${missing[*]}"
  as_root=(sudo)
fi

if [ -t 0 ]; then
  read -r -p "Install them now with apt-get? [Y/n] " answer || answer=n
  case "$answer" in
    "" | [yY]*) ;;
    *) fail "not installed; go on without by SHELF_SKIP_PACKAGES=1" ;;
  esac
fi

apt_get() {
  "${as_root[@]+"${as_root[@]}"}" env DEBIAN_FRONTEND=noninteractive apt-get "$@"
}
apt_get update -qq || echo "install_packages: apt-get update failed, the old lists stay" >&2

# Nothing may go that packages.txt does not say: other people's work may hang on it.
plan=$(apt-get -s install --no-install-recommends "${missing[@]}") ||
  fail "apt-get cannot install: ${missing[*]}"
while read -r package; do
  [ -z "$package" ] || [[ " ${removable[*]-} " == *" $package "* ]] ||
    fail "installing would remove $package; please settle that by hand"
done <<<"$(awk '$1 == "Remv" { print $2 }' <<<"$plan")"

apt_get install -y -qq --no-install-recommends "${missing[@]}"
