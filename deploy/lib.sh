# shellcheck shell=bash
# What deploy/* and tests/run share. Sourced, never run.
# No "grep -q" behind a pipe: it leaves at the first match, and with pipefail the writer that it leaves behind counts as a failure.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
readonly ROOT
# What the SDK says and does at its first use is not for those who run this.
export DOTNET_NOLOGO=1 DOTNET_GENERATE_ASPNET_CERTIFICATE=false DOTNET_CLI_TELEMETRY_OPTOUT=1
readonly BIN="$ROOT/artifacts/bin"
readonly READY_TIMEOUT_S=120
readonly STOP_TIMEOUT_S=60
readonly LOG_BYTES_MAX=$((64 * 1024 * 1024))

say() { printf '%s\n' "$*"; }
note() { printf '%s\n' "$*" >&2; }
die() { note "${0##*/}: $*"; exit 1; }
usage_error() { note "${0##*/}: $1"; usage >&2; exit 2; }

# --- what must be installed -------------------------------------------------

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

has_postgres_server() {
    local binary
    for binary in /usr/lib/postgresql/*/bin/postgres; do
        [ -x "$binary" ] && return 0
    done
    command -v postgres >/dev/null
}

has_library() {
    # ldconfig lies in /sbin, which is not in everybody's PATH.
    PATH="$PATH:/sbin:/usr/sbin" ldconfig -p | grep "$1" >/dev/null
}

# The Debian 12 name of RocksDB's library, or that of Ubuntu 24.04: whichever this system offers.
rocksdb_package() {
    local package
    for package in librocksdb7.8 librocksdb8.9; do
        if apt-cache show "$package" >/dev/null 2>&1; then
            say "$package"
            return
        fi
    done
    die "apt offers neither librocksdb7.8 nor librocksdb8.9. Supported are Debian 12 and Ubuntu 24.04."
}

need_sdk() {
    if ! command -v dotnet >/dev/null || ! dotnet --list-sdks | grep '^10\.' >/dev/null; then
        die "the .NET 10 SDK is missing. Install it: https://learn.microsoft.com/dotnet/core/install/linux (package dotnet-sdk-10.0)."
    fi
}

has_command() {
    # Tools for file systems lie in /sbin, which is not in everybody's PATH.
    PATH="$PATH:/sbin:/usr/sbin" command -v "$1" >/dev/null
}

# Installs what is missing, and asks apt for nothing when everything is there.
# usage: need_packages [COMMAND=PACKAGE]...   (what the caller needs beside that which everybody does)
need_packages() {
    local missing=() wanted
    for wanted in "$@"; do
        has_command "${wanted%%=*}" || missing+=("${wanted#*=}")
    done
    has_postgres_server || missing+=(postgresql)
    has_library 'libzstd\.so\.1' || missing+=(libzstd1)
    has_library 'libxxhash\.so\.0' || missing+=(libxxhash0)
    command -v curl >/dev/null || missing+=(curl)
    if ! has_library 'librocksdb\.so'; then
        apt-cache show librocksdb7.8 librocksdb8.9 2>/dev/null | grep . >/dev/null || as_root apt-get update -q
        missing+=("$(rocksdb_package)")
    fi
    [ ${#missing[@]} -gt 0 ] || return 0
    note "Installing: ${missing[*]}"
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}" >&2 ||
        { as_root apt-get update -q >&2 &&
            as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}" >&2; } ||
        die "apt-get could not install: ${missing[*]}"
}

# --- building ---------------------------------------------------------------

# Runs a command and shows what it wrote only when it fails.
quietly() {
    local output
    output=$("$@" 2>&1) || {
        note "$output"
        return 1
    }
}

# The programs, compiled ahead of time, and artifacts/bin/{api,standalone,storage-node,fileshare} pointing at them.
# With FILESHARE_BUILT=1 they are taken as they are: tests start the product many times over.
build_programs() {
    local project
    [ "${FILESHARE_BUILT:-}" != 1 ] || return 0
    mkdir -p "$BIN"
    for project in Standalone Api StorageNode Cli; do
        dotnet publish "$ROOT/src/$project" -c Release --nologo -v q -clp:ErrorsOnly >&2 || die "src/$project does not publish."
    done
    link_program standalone Standalone
    link_program api Api
    link_program storage-node StorageNode
    link_program fileshare Cli
}

# usage: link_program NAME PROJECT
link_program() {
    local published=$2/release
    [ "$(uname -m)" != x86_64 ] || published=$2/release_linux-x64
    ln -sfn "../build/publish/$published/FileSharing.$2" "$BIN/$1"
}

# --- data directory ---------------------------------------------------------

# Absolute path of a data directory that may not exist yet.
absolute() { realpath -m -- "$1"; }

# Others may pass through the data directory, not list it: Postgres runs as another user below it.
make_data_directory() {
    local directory
    for directory in "$1" "$1/run"; do
        [ -d "$directory" ] || mkdir -p -m 0711 "$directory"
    done
    [ -d "$1/log" ] || mkdir -m 0750 "$1/log"
}

# --- processes --------------------------------------------------------------

# Process id in a pid file, when that process is alive and works on this data directory: ids are reused.
# usage: running_pid PID_FILE DATA
running_pid() {
    local pid
    [ -s "$1" ] || return 1
    read -r pid <"$1"
    [[ $pid =~ ^[0-9]+$ ]] && [ -r "/proc/$pid/cmdline" ] || return 1
    tr '\0' '\n' <"/proc/$pid/cmdline" | grep -F -- "$2" >/dev/null || return 1
    say "$pid"
}

# Starts a program that outlives this shell; its output is appended to the log.
# usage: start_detached PID_FILE LOG COMMAND...
start_detached() {
    local pid_file=$1 log=$2
    shift 2
    if [ -f "$log" ] && [ "$(stat -c %s "$log")" -gt "$LOG_BYTES_MAX" ]; then
        mv -f "$log" "$log.1"
    fi
    setsid nohup "$@" >>"$log" 2>&1 </dev/null &
    say $! >"$pid_file"
}

# usage: wait_gone PID
wait_gone() {
    local deadline=$((SECONDS + STOP_TIMEOUT_S))
    while [ -d "/proc/$1" ] && ! grep -qs '^State:[[:space:]]*Z' "/proc/$1/status"; do
        [ "$SECONDS" -lt "$deadline" ] || return 1
        sleep 0.1
    done
}

# Sends a signal to the process of a pid file and waits until it is gone. Nothing runs: nothing happens.
# usage: stop_process PID_FILE DATA [SIGNAL]
stop_process() {
    local pid
    if pid=$(running_pid "$1" "$2"); then
        kill "-${3:-TERM}" "$pid" 2>/dev/null || true
        wait_gone "$pid" || die "process $pid does not stop; see $2/log."
    fi
    rm -f "$1"
}

# usage: wait_ready URL PID LOG NAME
wait_ready() { wait_until "$2" "$3" "$4" curl -fsS -o /dev/null --max-time 5 "$1"; }

# usage: wait_file FILE PID LOG NAME
wait_file() { wait_until "$2" "$3" "$4" test -s "$1"; }

# Runs a command again and again until it succeeds, as long as the process lives.
# usage: wait_until PID LOG NAME COMMAND...
wait_until() {
    local pid=$1 log=$2 name=$3 deadline=$((SECONDS + READY_TIMEOUT_S))
    shift 3
    until "$@" 2>/dev/null; do
        if [ ! -d "/proc/$pid" ]; then
            tail -n 20 "$log" >&2
            die "$name stopped while starting; the end of $log is above."
        fi
        if [ "$SECONDS" -ge "$deadline" ]; then
            tail -n 20 "$log" >&2
            die "$name is not ready after $READY_TIMEOUT_S s; the end of $log is above."
        fi
        sleep 0.2
    done
}

# --- arguments --------------------------------------------------------------

# usage: need_value OPTION REMAINING_WORDS
need_value() { [ "$2" -ge 2 ] || usage_error "$1 needs a value."; }

# usage: need_number OPTION VALUE
need_number() { [[ $2 =~ ^[0-9]{1,5}$ ]] || usage_error "$1 takes a whole number, not '$2'."; }
