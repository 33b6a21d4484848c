#!/usr/bin/env bash
# Prints how many compilers to run at once: one a core, as long as each has 1.5 GB of memory.
set -euo pipefail

cores=$(nproc)
kilobytes=$(awk '/^MemAvailable:/ { print $2 }' /proc/meminfo 2>/dev/null || true)
limit=$(cat /sys/fs/cgroup/memory.max 2>/dev/null || echo max)
if [ "$limit" != max ] && [ "$((limit / 1024))" -lt "${kilobytes:-0}" ]; then
  kilobytes=$((limit / 1024))
fi
by_memory=$((${kilobytes:-1500000} / 1500000))

jobs=$((cores < by_memory ? cores : by_memory))
echo $((jobs > 1 ? jobs : 1))
