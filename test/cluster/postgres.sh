#!/usr/bin/env bash
# A PostgreSQL server for the tests, on 127.0.0.1, in a temporary directory of its own.
#
#   postgres.sh start NOTE [SETTING...]   starts one and writes its port and its directory to the
#                                         file NOTE; it does not sync without fsync=on
#   postgres.sh follow NOTE OF            starts a standby of the one with the note OF, whose
#                                         commits wait for it from then on
#   postgres.sh pool NOTE OF              starts a PgBouncer before the one with the note OF, which
#                                         gives each transaction a connection
#   postgres.sh launch NOTE               starts it again, on its port
#   postgres.sh crash NOTE                kills it, as kill -9 does, and starts it again on its port
#   postgres.sh stop NOTE                 stops it and removes its directory
#
# As root the server runs as the user postgres, because it refuses root.
set -euo pipefail

note=$2
programs=$(dirname "$(ls -d /usr/lib/postgresql/*/bin/initdb | sort -V | tail -n 1)")

# as_server COMMAND: with the privileges of the server.
as_server() {
  if [ "$(id -u)" -eq 0 ]; then su -s /bin/bash postgres -c "$1"; else bash -c "$1"; fi
}

stop() {
  [ -f "$note" ] || return 0
  local directory
  read -r _ directory <"$note"
  if [ -f "$directory/pool.pid" ]; then
    kill "$(cat "$directory/pool.pid")" 2>>"$note.log" || true
  fi
  if [ -f "$directory/data/postmaster.pid" ]; then
    as_server "'$programs/pg_ctl' -D '$directory/data' -w -m immediate stop" \
      >"$note.log" 2>&1 || true
  fi
  [ -z "$directory" ] || rm -rf "$directory"
  rm -f "$note"
}

free_port() {
  python3 -c 'import socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])'
}

# launch DIRECTORY PORT: false if it does not start.
launch() {
  as_server "'$programs/pg_ctl' -D '$1/data' -w -t 60 -l '$1/log' start -o \"\
      -c listen_addresses=127.0.0.1 -c port=$2 -c unix_socket_directories=''\"" >>"$note.log" 2>&1
}

# certify DIRECTORY: an authority of its own, and the server's certificate, for localhost alone.
certify() {
  local key=(openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes)
  (
    cd "$1"
    "${key[@]}" -x509 -days 2 -subj /CN=authority -keyout authority.key -out authority.crt
    "${key[@]}" -subj /CN=localhost -keyout server.key -out server.csr
    openssl x509 -req -days 2 -in server.csr -CA authority.crt -CAkey authority.key \
      -CAcreateserial -extfile <(echo subjectAltName=DNS:localhost) -out server.crt
    "${key[@]}" -x509 -days 2 -subj /CN=stranger -keyout stranger.key -out stranger.crt
    chmod 600 server.key
    [ "$(id -u)" -ne 0 ] || chown postgres server.key server.crt
    mv server.key server.crt data
  ) >>"$note.log" 2>&1
}

kill_it() {
  local directory
  read -r _ directory <"$note"
  kill -9 "$(head -n 1 "$directory/data/postmaster.pid")"
}

promote() {
  local directory
  read -r _ directory <"$note"
  # A standby of its own would be waited for, and there is none.
  as_server "echo \"synchronous_standby_names = ''\" >>'$directory/data/postgresql.auto.conf'"
  as_server "'$programs/pg_ctl' -D '$directory/data' -w promote" >>"$note.log" 2>&1
}

crash() {
  kill_it
  launch_again
}

launch_again() {
  local port directory
  read -r port directory <"$note"
  for _ in {1..100}; do
    rm -f "$directory/data/postmaster.pid"
    if launch "$directory" "$port"; then return 0; fi
    sleep 0.1  # sleeps: the children of the killed server notice its end, and hold its memory
  done
  return 1
}

# empty_directory: prints a new one, of the server's user.
empty_directory() {
  local directory
  directory=$(mktemp -d "${TMPDIR:-/tmp}/shelf-postgres-XXXXXX")
  [ "$(id -u)" -ne 0 ] || chown postgres "$directory"
  chmod 755 "$directory"
  echo "$directory"
}

# launch_anywhere DIRECTORY: on a free port; writes the note.
launch_anywhere() {
  local port
  # The port may be taken between the look and the start: try again.
  for _ in 1 2 3; do
    port=$(free_port)
    if launch "$1" "$port"; then
      echo "$port $1" >"$note"
      return 0
    fi
  done
  cat "$note.log" "$1/log" >&2
  rm -rf "$1"
  return 1
}

start() {
  stop
  local directory setting
  directory=$(empty_directory)
  as_server "'$programs/initdb' --no-sync -D '$directory/data' -A trust -U postgres -E UTF8 \
    --locale=C" >"$note.log" 2>&1
  # A login with a password, besides those that are trusted.
  as_server "sed -i '1i host all with_password 127.0.0.1/32 scram-sha-256' \
    '$directory/data/pg_hba.conf'"
  for setting in fsync=off shared_buffers=32MB max_connections=60 autovacuum=off ssl=on "$@"; do
    echo "$setting" >>"$directory/data/postgresql.conf"
  done
  certify "$directory"
  launch_anywhere "$directory"
}

# follow OF [PORT [MODE]]: a standby of that server.
follow() {
  stop
  local leading directory
  read -r leading _ <"$1"
  directory=$(empty_directory)
  as_server "'$programs/pg_basebackup' -h 127.0.0.1 -p ${2:-$leading} -U postgres \
    -D '$directory/data' -R -X stream -c fast --no-sync" >"$note.log" 2>&1
  launch_anywhere "$directory"
  [ "${3:-}" != async ] || return 0
  local ask=("$programs/psql" -h 127.0.0.1 -p "$leading" -U postgres -qAt)
  "${ask[@]}" -c "ALTER SYSTEM SET synchronous_standby_names = '*'" -c "SELECT pg_reload_conf()" \
    >>"$note.log" 2>&1
  for _ in {1..100}; do
    [ -z "$("${ask[@]}" -c "SELECT 1 FROM pg_stat_replication WHERE sync_state = 'sync'")" ] ||
      return 0
    sleep 0.1  # sleeps: the server reads its settings when it comes to that
  done
  return 1
}

# pool OF: a PgBouncer before that server.
pool() {
  stop
  local behind directory port
  read -r behind _ <"$1"
  directory=$(empty_directory)
  for _ in 1 2 3; do
    port=$(free_port)
    cat >"$directory/pool.ini" <<INI
[databases]
* = host=127.0.0.1 port=$behind user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = $port
unix_socket_dir =
auth_type = any
pool_mode = transaction
pidfile = $directory/pool.pid
logfile = $directory/pool.log
INI
    as_server "/usr/sbin/pgbouncer -q -d '$directory/pool.ini'" >>"$note.log" 2>&1 || continue
    echo "$port $directory" >"$note"
    for _ in {1..100}; do
      if "$programs/psql" -h 127.0.0.1 -p "$port" -U postgres -qAt -c "SELECT 1" \
        >>"$note.log" 2>&1; then return 0; fi
      sleep 0.1  # sleeps: it goes into the background before it listens
    done
  done
  cat "$note.log" >&2
  return 1
}

command=$1
shift 2
case $command in
  start) start "$@" ;;
  follow) follow "$@" ;;
  promote) promote ;;
  launch) launch_again ;;
  kill) kill_it ;;
  pool) pool "$1" ;;
  crash) crash ;;
  stop) stop ;;
  *) exit 2 ;;
esac
