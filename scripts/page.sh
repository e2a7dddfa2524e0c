# Sourced by the scripts that open the page in a browser: what they need, and the services behind it. They set $project, $page, $bins (a folder
# of programs, or nothing), $sources (whether the page is served as its sources are), $work and $pids.
# shellcheck shell=bash disable=SC2154

# Node, the packages of the page, a browser, and both programs.
page_needs() {
    command -v node >/dev/null 2>&1 || fail "there is no node: install Node 20 or newer"
    export CHROMIUM=${CHROMIUM:-/usr/bin/chromium}
    [ -x "$CHROMIUM" ] || fail "there is no browser at $CHROMIUM: install chromium, or say CHROMIUM=PATH"
    if [ -z "$bins" ]; then
        cargo build -q --workspace --bins --locked
        bins=$(target_folder "$project")/debug
    fi
    page_packages "$page"
}

# start NAME FOLDER PORT VARIABLE=VALUE ...: the program of this name with a folder of its own, and waits until it is ready.
start() {
    local name=$1 folder=$work/$2 port=$3
    shift 3
    mkdir -p "$folder"
    (cd "$folder" && exec env "$@" "$bins/$name") >"$folder/log" 2>&1 &
    pids+=($!)
    wait_until_ready "http://127.0.0.1:$port" $! || { tail -n 20 "$folder/log" >&2 && fail "$name does not get ready"; }
}

# start_store FOLDER PORT VARIABLE=VALUE ...
start_store() {
    local folder=$1 port=$2
    shift 2
    start imagestore "$folder" "$port" IMAGESTORE__HTTP__BIND="127.0.0.1:$port" IMAGESTORE__GRPC__BINDS='[]' IMAGESTORE__DATA_DIR="$work/$folder" \
        IMAGESTORE__DELETE__GRACE=30d "$@"
}

# start_compress PORT STORE_PORT VARIABLE=VALUE ...
start_compress() {
    local port=$1 store=$2
    shift 2
    start imagecompress compress "$port" IMAGECOMPRESS__HTTP__BIND="127.0.0.1:$port" IMAGECOMPRESS__STORE__URL="http://127.0.0.1:$store" "$@"
}

# The address of the page in front of a store: the store's own, or that of the sources as they are. front NAME PORT
front() {
    address=http://127.0.0.1:$2
    $sources || return 0
    local port
    port=$(free_port)
    (cd "$page" && exec node build.mjs --serve "$port" --store "$address" --as-built) >"$work/$1.log" 2>&1 &
    pids+=($!)
    address=http://127.0.0.1:$port
    wait_until_ready "$address" $! || { cat "$work/$1.log" >&2 && fail "the page cannot be built"; }
}
