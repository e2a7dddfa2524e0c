# Sourced by the other scripts: where the services are built, which ports are free, how they are waited for and stopped.
# shellcheck shell=bash

# One line about what is wrong, and the end.
fail() {
    echo "scripts/${0##*/}: $*" >&2
    exit 1
}

# The folder that cargo builds into.
target_folder() {
    cargo metadata --format-version 1 --no-deps --offline --manifest-path "$1/Cargo.toml" 2>/dev/null |
        sed -n 's/.*"target_directory":"\([^"]*\)".*/\1/p'
}

# What the page is built and tried with, in a folder with a package-lock.json: fetched where it is not there, or is that of another lock file.
page_packages() {
    (
        cd "$1"
        ! cmp -s package-lock.json node_modules/.for-lock.json || exit 0
        npm ci --ignore-scripts --no-progress
        cp package-lock.json node_modules/.for-lock.json
    )
}

# Whether these Python packages (NAME==VERSION) are in the environment in a folder: python_packages FOLDER CONSEQUENCE PACKAGE ...
# They are installed if they are not. Only a registry that cannot be reached, or no Python, is an excuse, which is said with its consequence.
python_packages() {
    local folder=$1 consequence=$2 python=$1/bin/python
    shift 2
    [ "$("$python" -m pip freeze 2>/dev/null | grep -Fxc -f <(printf '%s\n' "$@"))" != $# ] || return 0
    command -v python3 >/dev/null 2>&1 || { echo "scripts/${0##*/}: there is no python3: $consequence" >&2 && return 1; }
    python3 -m venv "$folder"
    "$python" -m pip install -q "$@" && return
    ! "$python" -m pip download -q --no-deps -d "$folder/reachable" "$1" ||
        fail "$1 cannot be installed although its registry can be reached"
    echo "scripts/${0##*/}: the registry of $1 cannot be reached: $consequence" >&2 && return 1
}

# A Python that has aiokafka, a client of Kafka that others wrote: sets $kafka_client, or says the consequence: kafka_client CONSEQUENCE
kafka_client() {
    local folder=${XDG_CACHE_HOME:-$HOME/.cache}/imagestore/kafka
    # shellcheck disable=SC2034
    kafka_client=$folder/bin/python
    python_packages "$folder" "$1" aiokafka==0.14.0
}

is_port() { [[ $1 =~ ^[0-9]{1,5}$ ]] && [ "$1" -ge 1 ] && [ "$1" -le 65535 ]; }

port_is_taken() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# A port that nothing listens on, below those that the system gives to outgoing connections.
free_port() {
    local port
    while true; do
        port=$((20000 + RANDOM % 12000))
        port_is_taken "$port" || break
    done
    echo "$port"
}

# Whether the process is the one that was started: a number alone may belong to another by now.
runs() { [ "$(cat "/proc/$1/comm" 2>/dev/null)" = "$2" ] && ! is_zombie "$1"; }

is_zombie() { grep -q '^State:[[:space:]]*Z' "/proc/$1/status" 2>/dev/null; }

# Asks processes to end, one after the other, and waits for each: a service finishes the requests it is working on.
end_gently() {
    local pid
    for pid in "$@"; do
        kill -TERM "$pid" 2>/dev/null || continue
        for _ in {1..450}; do
            if [ ! -d "/proc/$pid" ] || is_zombie "$pid"; then continue 2; fi
            sleep 0.1
        done
        kill -KILL "$pid" 2>/dev/null || true
    done
}

# Waits at most 30 s until the service of this process answers that it is ready.
wait_until_ready() {
    local url=$1 pid=$2
    for _ in {1..300}; do
        if [ ! -d "/proc/$pid" ] || is_zombie "$pid"; then return 1; fi
        if curl -fs -o /dev/null --max-time 5 "$url/readyz"; then return 0; fi
        sleep 0.1
    done
    return 1
}

# The quick start of the README, at the addresses of here: quick_start PROJECT STORE COMPRESS
quick_start() {
    awk '/^```/ { inside = /^```sh$/; blocks += inside; next } inside && blocks == 2' "$1/README.md" |
        sed "s#http://127.0.0.1:8000#$2#; s#http://127.0.0.1:9000#$3#; s/^/  /"
}
