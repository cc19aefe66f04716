# Packages of the distribution and of npm, and the drivers built against them. Sourced by run.

system_packages="g++ make nodejs npm libfaiss-dev libopenblas-dev libsqlite3-dev libpq-dev postgresql"
npm_packages="hnswlib-node@3.0.0 usearch@2.25.3 sqlite-vec@0.1.9"
hnswlib_version=0.8.0 # inside hnswlib-node 3.0.0; the distribution's is older
pgvector_suite=trixie # the first one whose pgvector is 0.8
packages=$work/packages

install_peers() {
    install_system && install_npm && install_pgvector && build_drivers
}

postgres_bin() { ls -d /usr/lib/postgresql/*/bin 2> /dev/null | sort -V | tail -1; }

missing_packages() {
    local name
    for name in "$@"; do
        case $name in
            nodejs | npm) command -v "${name/nodejs/node}" > /dev/null || echo "$name" ;;
            *) dpkg-query -W -f '${Status}' "$name" 2> /dev/null | grep -q ' installed$' || echo "$name" ;;
        esac
    done
}

apt_install() {
    local missing
    missing=$(missing_packages "$@")
    [ -n "$missing" ] || return 0
    say "installing" $missing
    [ "$(id -u)" = 0 ] || { say "not root: install" $missing "and run again"; return 1; }
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing > /dev/null
}

install_system() {
    apt_install $system_packages || return 1
    local version
    version=$(basename "$(dirname "$(postgres_bin)")")
    apt_install "postgresql-server-dev-$version"
}

# Their sources and prebuilt libraries are used, not their Node bindings: no install script needs to run.
install_npm() {
    mkdir -p "$packages"
    [ "$(cat "$packages/.npm" 2> /dev/null)" != "$npm_packages" ] || return 0
    say "npm: $npm_packages"
    echo '{"private":true}' > "$packages/package.json"
    (cd "$packages" && npm install --ignore-scripts --no-audit --no-fund --loglevel error $npm_packages) && echo "$npm_packages" > "$packages/.npm"
}

# The source package of a newer release, from the archive that is configured, without adding it to the system.
install_pgvector() {
    [ ! -f "$(dirname "$(postgres_bin)")/lib/vector.so" ] || return 0
    [ "$(id -u)" = 0 ] || { say "not root: pgvector cannot be installed"; return 1; }
    say "building pgvector from the source package of $pgvector_suite"
    local apt=$packages/apt archive
    mkdir -p "$apt/lists/partial" "$apt/cache" "$apt/pgvector"
    archive=$(apt-get indextargets --format '$(REPO_URI)' 'Identifier: Packages' 'Origin: Debian' 'Label: Debian' | head -1)
    echo "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $archive $pgvector_suite main" > "$apt/source.list"
    local here_only=(-o "Dir::Etc::sourcelist=$apt/source.list" -o Dir::Etc::sourceparts=- -o "Dir::State::lists=$apt/lists" -o "Dir::Cache=$apt/cache")
    apt-get "${here_only[@]}" -qq update && (cd "$apt" && apt-get "${here_only[@]}" -qq source --download-only pgvector) \
        && tar xzf "$apt"/pgvector_*.orig.tar.gz -C "$apt/pgvector" --strip-components=1 \
        && make -s -C "$apt/pgvector" PG_CONFIG="$(postgres_bin)/pg_config" \
        && make -s -C "$apt/pgvector" PG_CONFIG="$(postgres_bin)/pg_config" install
}

# Options for all. USearch is built as its own package builds it: its kernels choose the processor's at run time.
build_drivers() {
    mkdir -p "$work/bin"
    local modules=$packages/node_modules
    build_numkong "$modules/usearch/numkong"
    compile hnswlib -march=native -DPEER_VERSION="\"$hnswlib_version\"" -I"$modules/hnswlib-node/src"
    compile usearch -w -DPEER_VERSION="\"$(node -p "require('$modules/usearch/package.json').version")\"" \
        -DUSEARCH_USE_NUMKONG=1 -DNK_DYNAMIC_DISPATCH=1 -DNK_NATIVE_F16=0 -DNK_NATIVE_BF16=0 \
        -I"$modules/usearch/include" -I"$modules/usearch/numkong/include" "$packages"/numkong/*.o
    compile faiss -march=native -fopenmp -lfaiss -lopenblas
    compile sqlite_vec -march=native -lsqlite3
    compile pgvector -march=native -I"$(pg_config --includedir)" -lpq
}

compile() {
    local name=$1 source=$here/drivers/$1.cpp program=$work/bin/$1
    shift
    [ "$program" -nt "$source" ] && [ "$program" -nt "$here/drivers/driver.hpp" ] && return
    say "compiling $name"
    g++ -O3 -std=c++17 -Wall "$source" -o "$program" "$@" -lpthread || say "$name: does not compile"
}

build_numkong() {
    local objects=$packages/numkong
    [ ! -f "$objects/.built" ] || return 0
    say "compiling USearch's kernels"
    mkdir -p "$objects"
    (cd "$1" && node probes/probe.js > /dev/null && ls c/*.c | xargs -P "$threads" -I '{}' sh -c \
        'gcc -std=gnu11 -O3 -w -DNK_NATIVE_F16=0 -DNK_NATIVE_BF16=0 -DNK_DYNAMIC_DISPATCH=1 -include nk_probes.h -Iinclude -c {} -o "$0/$(basename {} .c).o" 2> /dev/null' "$objects") \
        && touch "$objects/.built"
}
