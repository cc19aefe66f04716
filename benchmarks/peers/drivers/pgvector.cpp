// pgvector over libpq: HNSW with m = 16 and ef_construction = 200 on three expressions of one table of full vectors.
// The usual environment (PGHOST, PGUSER, PGDATABASE) says which server.
#include "driver.hpp"
#include <arpa/inet.h>
#include <libpq-fe.h>
#include <map>
#include <memory>

using namespace peers;

struct Connection {
    PGconn* handle = PQconnectdb("");
    using Result = std::unique_ptr<PGresult, decltype(&PQclear)>;

    Connection() {
        if (PQstatus(handle) != CONNECTION_OK)
            throw std::runtime_error(PQerrorMessage(handle));
        run("SET client_min_messages = warning");
    }
    ~Connection() { PQfinish(handle); }
    Result checked(PGresult* result) const {
        auto status = PQresultStatus(result);
        if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_COPY_IN)
            throw std::runtime_error(PQerrorMessage(handle));
        return {result, PQclear};
    }
    Result run(std::string const& sql) const { return checked(PQexec(handle, sql.c_str())); }
    std::string value(std::string const& sql) const { return PQgetvalue(run(sql).get(), 0, 0); }
};

template <typename T> static void put(std::string& bytes, T value) { bytes.append(reinterpret_cast<char const*>(&value), sizeof value); }

/// pgvector's binary form: dimensions, a reserved number, the components, all big-endian.
static std::string wire(float const* vector) {
    std::string bytes;
    put(bytes, htons(Dimensions));
    put(bytes, uint16_t(0));
    for (int i = 0; i < Dimensions; i++) {
        uint32_t bits;
        memcpy(&bits, vector + i, sizeof bits);
        put(bytes, htonl(bits));
    }
    return bytes;
}

/// One table for all variants. Plain storage: at the default, 2 KB of components would be moved out of the row.
static void load(Connection const& server, Task const& task) {
    server.run("CREATE EXTENSION IF NOT EXISTS vector");
    if (server.value("SELECT to_regclass('items') IS NOT NULL") == "t")
        return;
    server.run("BEGIN");
    server.run("CREATE TABLE items (id int4, v vector(512))");
    server.run("ALTER TABLE items ALTER COLUMN v SET STORAGE PLAIN");
    server.run("COPY items FROM STDIN (FORMAT binary)");
    std::string bytes("PGCOPY\n\377\r\n\0", 11);
    put(bytes, uint32_t(0));
    put(bytes, uint32_t(0));
    for (size_t row = 0; row < task.base.count(); row++) {
        auto vector = wire(task.base[row]);
        put(bytes, htons(2));
        put(bytes, htonl(4));
        put(bytes, htonl(row));
        put(bytes, htonl(vector.size()));
        bytes += vector;
        if (bytes.size() > 1 << 20 || row + 1 == task.base.count()) {
            if (PQputCopyData(server.handle, bytes.data(), bytes.size()) != 1)
                throw std::runtime_error(PQerrorMessage(server.handle));
            bytes.clear();
        }
    }
    put(bytes, uint16_t(0xffff));
    if (PQputCopyData(server.handle, bytes.data(), bytes.size()) != 1 || PQputCopyEnd(server.handle, nullptr) != 1)
        throw std::runtime_error(PQerrorMessage(server.handle));
    while (PGresult* result = PQgetResult(server.handle))
        server.checked(result);
    server.run("COMMIT");
    server.run("VACUUM ANALYZE items");
}

struct Variant {
    std::string expression; // what is indexed, of v
    std::string operators, distance;
    bool rescored;
    std::string of(std::string const& vector) const {
        auto text = expression;
        for (size_t at; (at = text.find('@')) != std::string::npos;)
            text.replace(at, 1, vector);
        return text;
    }
};

static Variant const& variant(Task const& task) {
    static std::map<std::string, Variant> const all = {
        {"pgvector-halfvec", {"(@::halfvec(512))", "halfvec_ip_ops", "<#>", false}},
        {"pgvector-prefix256", {"(subvector(@, 1, 256)::halfvec(256))", "halfvec_cosine_ops", "<=>", true}},
        {"pgvector-prefix128", {"(subvector(@, 1, 128)::halfvec(128))", "halfvec_cosine_ops", "<=>", true}},
        {"pgvector-bit", {"(binary_quantize(@)::bit(512))", "bit_hamming_ops", "<~>", true}},
    };
    return all.at(task.variant);
}

static std::string index_name(Task const& task) {
    auto name = task.variant;
    std::replace(name.begin(), name.end(), '-', '_');
    return name;
}

static void build(Task const& task) {
    Connection server;
    load(server, task);
    auto& what = variant(task);
    server.run("DROP INDEX IF EXISTS " + index_name(task));
    server.run("SET max_parallel_maintenance_workers = " + std::to_string(task.threads - 1)); // the leader builds too
    server.run("ALTER TABLE items SET (parallel_workers = " + std::to_string(task.threads) + ")");
    auto start = Clock::now();
    server.run("CREATE INDEX " + index_name(task) + " ON items USING hnsw (" + what.of("v") + " " + what.operators + ") WITH (m = 16, ef_construction = 200)");
    task.built(since(start), atof(server.value("SELECT pg_relation_size('" + index_name(task) + "')").c_str()) / 1e6);
}

static void search(Task const& task) {
    Connection server;
    auto& what = variant(task);
    // A plan made once, as a long-lived application has it; the table is never cheaper to scan.
    server.run("SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; SET jit = off");
    auto order = what.of("v") + " " + what.distance + " " + what.of("$1::vector(512)");
    auto sql = what.rescored
        ? "SELECT id FROM (SELECT id, v FROM items ORDER BY " + order + " LIMIT $2) c ORDER BY v <#> $1::vector(512) LIMIT 10"
        : "SELECT id FROM items ORDER BY " + order + " LIMIT $2";
    Oid types[] = {Oid(atoi(server.value("SELECT 'vector'::regtype::oid").c_str())), Oid(atoi(server.value("SELECT 'int8'::regtype::oid").c_str()))};
    server.checked(PQprepare(server.handle, "find", sql.c_str(), 2, types));
    int candidates = K;
    Find find = [&](float const* query, std::vector<int32_t>& ids) {
        auto vector = wire(query);
        uint32_t limit[] = {0, htonl(what.rescored ? candidates : K)};
        char const* values[] = {vector.data(), reinterpret_cast<char const*>(limit)};
        int lengths[] = {int(vector.size()), sizeof limit}, formats[] = {1, 1};
        auto result = server.checked(PQexecPrepared(server.handle, "find", 2, values, lengths, formats, 1));
        ids.clear();
        for (int row = 0; row < PQntuples(result.get()); row++) {
            uint32_t id;
            memcpy(&id, PQgetvalue(result.get(), row, 0), sizeof id);
            ids.push_back(ntohl(id));
        }
    };
    Search{task, server.value("SELECT extversion FROM pg_extension WHERE extname = 'vector'"), std::to_string(PQbackendPID(server.handle))}.sweep(
        what.rescored ? "ef_search=rescore" : "ef_search", {10, 20, 40, 80, 160, 320, 640, 1000},
        [&](int ef) {
            server.run("SET hnsw.ef_search = " + std::to_string(ef));
            candidates = ef;
        }, find);
}

int main(int count, char** args) { return run(count, args, build, search); }
