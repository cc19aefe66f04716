# A PostgreSQL cluster of its own, reached through a socket in a temporary folder only. Sourced by run.

cluster=$data/postgres
PGHOST=""

# It refuses to run as root, and complains of folders that its user may not enter.
as_owner() {
    if [ "$(id -u)" = 0 ]; then (cd / && runuser -u postgres -- "$@"); else "$@"; fi
}

start_postgres() {
    local bin
    bin=$(postgres_bin)
    [ -n "$bin" ] || { say "PostgreSQL is not installed"; return 1; }
    if [ ! -f "$cluster/PG_VERSION" ]; then
        mkdir -p "$cluster"
        [ "$(id -u)" != 0 ] || chown postgres "$cluster"
        as_owner "$bin/initdb" -D "$cluster" -A trust --no-sync -E UTF8 --locale=C > /dev/null || return 1
        # Enough for the table, its indexes and a graph under construction at a million rows; what is not needed is not touched.
        as_owner tee -a "$cluster/postgresql.conf" > /dev/null << END
listen_addresses = ''
shared_buffers = 6GB
maintenance_work_mem = 3GB
max_parallel_maintenance_workers = 2
dynamic_shared_memory_type = mmap
fsync = off
synchronous_commit = off
full_page_writes = off
max_wal_size = 8GB
autovacuum = off
END
    fi
    PGHOST=$(mktemp -d)
    chmod 755 "$PGHOST"
    [ "$(id -u)" != 0 ] || chown postgres "$PGHOST"
    export PGHOST PGDATABASE=postgres PGUSER=$(as_owner id -un)
    as_owner "$bin/pg_ctl" -D "$cluster" -o "-k $PGHOST" -l "$cluster/log" -w -t 60 start > /dev/null || { say "PostgreSQL does not start: $cluster/log"; return 1; }
}

stop_postgres() {
    [ -n "$PGHOST" ] || return 0
    as_owner "$(postgres_bin)/pg_ctl" -D "$cluster" -m fast -w stop > /dev/null
    rm -rf "$PGHOST"
    PGHOST=""
}

trap stop_postgres EXIT
