# Sourced by scripts/scale/up: the servers that several imagestores need, each with its own folder below $data, on free ports of loopback.
# shellcheck shell=bash disable=SC2154

# A random text of letters and digits: secret BYTES.
secret() { od -An -N "$1" -tx1 /dev/urandom | tr -d ' \n'; }

# What is made once and kept: passwords and keys.
make_secrets() {
    [ -s "$run/secrets" ] || (
        umask 077
        printf '%s\n' "postgres_password=$(secret 24)" "garage_rpc_secret=$(secret 32)" \
            "access_key=GK$(secret 12)" "secret_key=$(secret 32)" >"$run/secrets.new"
        mv "$run/secrets.new" "$run/secrets"
    )
    # shellcheck source=/dev/null
    source "$run/secrets"
}

find_programs() {
    postgres_programs=$(compgen -G '/usr/lib/postgresql/*/bin' | sort -V | tail -n 1) || true
    local built=${XDG_CACHE_HOME:-$HOME/.cache}/imagestore/servers/bin
    garage=$built/garage tansu=$built/tansu
    PATH=$PATH:/usr/sbin
    local program
    for program in "$postgres_programs/postgres" "$garage" "$tansu" mosquitto nginx; do
        command -v "$program" >/dev/null || fail "${program##*/} is missing; run: scripts/setup --scale"
    done
}

# PostgreSQL refuses to run as root: it has an account of its own then.
as_postgres() { "${postgres_account[@]}" env -C / "$@"; }

prepare_postgres() {
    postgres_account=()
    mkdir -p "$data/postgres"
    if [ "$(id -u)" -eq 0 ]; then
        postgres_account=(setpriv --reuid postgres --regid postgres --init-groups)
        chown postgres:postgres "$data/postgres"
        as_postgres test -w "$data/postgres" ||
            fail "the user postgres cannot reach $data/postgres; choose a folder elsewhere with --data"
    fi
    [ ! -e "$data/postgres/PG_VERSION" ] || return 0
    local password
    password=$(as_postgres mktemp)
    # It goes into files and never into arguments, which everybody can see.
    as_postgres tee "$password" >/dev/null <<<"$postgres_password"
    as_postgres "$postgres_programs/initdb" -D "$data/postgres" -U imagestore -A scram-sha-256 --pwfile "$password" \
        -E UTF8 --no-locale >"$run/initdb.log" || fail "the cluster cannot be made: $(tail -n 5 "$run/initdb.log")"
    as_postgres rm "$password"
}

start_postgres() {
    postgres_port=$(free_port)
    local counting=()
    if $counted; then counting=(-c shared_preload_libraries=pg_stat_statements); fi
    start postgres "${postgres_account[@]}" env -C / "$postgres_programs/postgres" -D "$data/postgres" -p "$postgres_port" \
        -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c max_connections=200 -c log_min_messages=warning "${counting[@]}"
    wait_until postgres "$postgres_programs/pg_isready" -q -h 127.0.0.1 -p "$postgres_port"
    local -x PGHOST=127.0.0.1 PGPORT=$postgres_port PGUSER=imagestore PGPASSWORD=$postgres_password
    [ -n "$("$postgres_programs/psql" -XAtq -d postgres -c "SELECT 1 FROM pg_database WHERE datname = 'images'")" ] ||
        "$postgres_programs/createdb" -T template0 -E UTF8 images
}

start_garage() {
    local rpc told=garage=warn
    # A line for each request.
    if $counted; then told=$told,garage_api_common=info; fi
    garage_port=$(free_port) rpc=$(free_port)
    mkdir -p "$data/garage"
    (umask 077 && cat >"$run/garage.toml") <<TEXT
metadata_dir = "$data/garage/meta"
data_dir = "$data/garage/data"
db_engine = "sqlite"
replication_factor = 1
# What was acknowledged stays when the machine loses power.
metadata_fsync = true
data_fsync = true
rpc_bind_addr = "127.0.0.1:$rpc"
rpc_public_addr = "127.0.0.1:$rpc"
rpc_secret = "$garage_rpc_secret"
[s3_api]
s3_region = "garage"
api_bind_addr = "127.0.0.1:$garage_port"
root_domain = ".localhost"
TEXT
    GARAGE_DEFAULT_BUCKET=pictures GARAGE_DEFAULT_ACCESS_KEY=$access_key GARAGE_DEFAULT_SECRET_KEY=$secret_key \
        start garage env RUST_LOG="$told" "$garage" -c "$run/garage.toml" server --single-node --default-bucket
    wait_until garage "$garage" -c "$run/garage.toml" bucket info pictures
}

start_mosquitto() {
    mosquitto_port=$(free_port)
    mkdir -p "$data/mosquitto"
    printf '%s\n' "listener $mosquitto_port 127.0.0.1" "allow_anonymous true" "user $(id -un)" \
        "persistence true" "persistence_location $data/mosquitto/" "max_queued_messages 100000" >"$run/mosquitto.conf"
    start mosquitto mosquitto -c "$run/mosquitto.conf"
    wait_until mosquitto port_is_taken "$mosquitto_port"
}

# Topics, messages and how far the group is are rows of a file. When the machine loses power the last of them may be missing: jobs are
# announced again then, events are not.
start_tansu() {
    local topic there
    tansu_port=$(free_port)
    mkdir -p "$data/tansu"
    # The address of the file is read as relative to the folder where it starts.
    start tansu env -C "$data/tansu" NO_COLOR=1 RUST_LOG=warn "$tansu" broker --silent --storage-engine sqlite://topics.sqlite \
        --listener-url "tcp://127.0.0.1:$tansu_port" --advertised-listener-url "tcp://127.0.0.1:$tansu_port"
    wait_until tansu "$tansu" topic list --broker "tcp://127.0.0.1:$tansu_port"
    there=$("$tansu" topic list --broker "tcp://127.0.0.1:$tansu_port")
    # As many partitions as there may be compressors at work, now or at a later start: those beyond it would be idle.
    for topic in image.events image.events.dead imagestore.events; do
        [[ $there == *"\"$topic\""* ]] ||
            "$tansu" topic create "$topic" --broker "tcp://127.0.0.1:$tansu_port" --partitions 12 >>"$run/tansu.log"
    done
}

# nginx's configuration: the template that docker-compose.yml has as well, filled in, in a frame for this machine.
write_nginx_configuration() {
    local template name
    local RESOLVER='' STORES=$1 STORES_GRPC=$2 COMPRESSORS=$3
    local STORE_LISTEN=127.0.0.1:$port GRPC_LISTEN=127.0.0.1:$grpc_port COMPRESS_LISTEN=127.0.0.1:$compress_port
    template=$(<"$project/deploy/nginx/images.conf.template")
    for name in RESOLVER STORES STORES_GRPC COMPRESSORS STORE_LISTEN GRPC_LISTEN COMPRESS_LISTEN; do
        template=${template//"\${$name}"/"${!name}"}
    done
    mkdir -p "$run/nginx"
    local access_log="access_log off;"
    if $counted; then
        access_log="log_format counted '\$server_port \$request_method \$request_length \$bytes_sent \$upstream_bytes_sent \$upstream_bytes_received';
access_log $run/requests.log counted;"
    fi
    # Workers that root started become another user, who may not reach this folder.
    [ "$(id -u)" -ne 0 ] || echo "user root;"
    cat <<TEXT
daemon off;
worker_processes auto;
pid $run/nginx/pid;
error_log stderr warn;
events { worker_connections 8192; }
http {
$access_log
# A file in the first two is gone before it can be seen; the folders that are made for it stay, which scripts/check-scale looks for.
client_body_temp_path $run/nginx/1 1 2; proxy_temp_path $run/nginx/2 1 2; fastcgi_temp_path $run/nginx/3;
uwsgi_temp_path $run/nginx/4; scgi_temp_path $run/nginx/5;
$template
}
TEXT
}

# start_nginx STORE_PORTS GRPC_PORTS COMPRESS_PORTS
start_nginx() {
    # shellcheck disable=SC2086
    write_nginx_configuration "$(upstreams $1)" "$(upstreams $2)" "$(upstreams $3)" >"$run/nginx.conf"
    start nginx nginx -e stderr -c "$run/nginx.conf"
    wait_until nginx curl -fs --max-time 5 "http://127.0.0.1:$port/readyz"
}

# One that is away is left alone for 2 s as soon as it was seen.
upstreams() { printf 'server 127.0.0.1:%s max_fails=1 fail_timeout=2s; ' "$@"; }
