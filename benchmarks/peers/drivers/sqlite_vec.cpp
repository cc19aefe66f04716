// sqlite-vec: exact scans, and its int8 and bit columns with the float column to rescore. VEC0 names the extension.
#include "driver.hpp"
#include <cmath>
#include <sqlite3.h>

using namespace peers;

struct Database {
    sqlite3* handle = nullptr;

    explicit Database(std::string const& path) {
        check(sqlite3_open(path.c_str(), &handle));
        check(sqlite3_enable_load_extension(handle, 1));
        char* message = nullptr;
        if (sqlite3_load_extension(handle, getenv("VEC0") ? getenv("VEC0") : "vec0", "sqlite3_vec_init", &message) != SQLITE_OK)
            throw std::runtime_error(message ? message : "the extension cannot be loaded");
        run("PRAGMA cache_size = -8000000");
        run("PRAGMA mmap_size = 64000000000");
    }
    ~Database() { sqlite3_close(handle); }
    void check(int result) const {
        if (result != SQLITE_OK && result != SQLITE_ROW && result != SQLITE_DONE)
            throw std::runtime_error(sqlite3_errmsg(handle));
    }
    void run(char const* sql) const { check(sqlite3_exec(handle, sql, nullptr, nullptr, nullptr)); }
    sqlite3_stmt* prepare(std::string const& sql) const {
        sqlite3_stmt* statement = nullptr;
        check(sqlite3_prepare_v2(handle, sql.c_str(), -1, &statement, nullptr));
        return statement;
    }
};

/// Scaled by its own largest component: the cosine does not see the scale, and quantising [-1, 1] would leave four bits of 512 components.
static std::vector<int8_t> int8_of(float const* vector) {
    float largest = 0;
    for (int i = 0; i < Dimensions; i++)
        largest = std::max(largest, std::fabs(vector[i]));
    std::vector<int8_t> codes(Dimensions);
    for (int i = 0; i < Dimensions; i++)
        codes[i] = std::lround(vector[i] * 127 / largest);
    return codes;
}

// A variant has a database of its own: columns that are not searched would still be paged past.
static void build(Task const& task) {
    auto path = task.path(".index");
    for (auto ending : {"", "-wal", "-shm", "-journal"})
        unlink((path + ending).c_str());
    Database database(path);
    database.run("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF");
    bool bits = task.variant == "sqlite-vec-bit", bytes = task.variant == "sqlite-vec-int8";
    auto start = Clock::now();
    database.run((std::string("CREATE VIRTUAL TABLE v USING vec0(id INTEGER PRIMARY KEY, full float[512] distance_metric=cosine") +
        (bits ? ", code bit[512])" : bytes ? ", code int8[512] distance_metric=cosine)" : ")")).c_str());
    database.run("BEGIN");
    auto insert = database.prepare(std::string("INSERT INTO v VALUES (?1, ?2") + (bits ? ", vec_quantize_binary(?2))" : bytes ? ", vec_int8(?3))" : ")"));
    for_each_row(task.base.count(), 1, [&](size_t row, int) {
        sqlite3_bind_int64(insert, 1, row);
        sqlite3_bind_blob(insert, 2, task.base[row], Dimensions * sizeof(float), SQLITE_STATIC);
        auto codes = bytes ? int8_of(task.base[row]) : std::vector<int8_t>();
        if (bytes)
            sqlite3_bind_blob(insert, 3, codes.data(), codes.size(), SQLITE_STATIC);
        database.check(sqlite3_step(insert));
        sqlite3_reset(insert);
    });
    sqlite3_finalize(insert);
    database.run("COMMIT");
    auto elapsed = since(start);
    auto one = task;
    one.threads = 1;
    one.built(elapsed, megabytes_of(path));
}

static void measure(Search const& search, Database const& database, std::string const& setting, std::string const& sql, int candidates) {
    auto statement = database.prepare(sql);
    search.measure(setting, [&](float const* query, std::vector<int32_t>& ids) {
        sqlite3_bind_blob(statement, 1, query, Dimensions * sizeof(float), SQLITE_STATIC);
        sqlite3_bind_int(statement, 2, candidates);
        auto codes = search.task.variant == "sqlite-vec-int8" ? int8_of(query) : std::vector<int8_t>();
        if (!codes.empty())
            sqlite3_bind_blob(statement, 3, codes.data(), codes.size(), SQLITE_STATIC);
        ids.clear();
        int result;
        while ((result = sqlite3_step(statement)) == SQLITE_ROW)
            ids.push_back(sqlite3_column_int(statement, 0));
        database.check(result);
        sqlite3_reset(statement);
    });
    sqlite3_finalize(statement);
}

static void search(Task const& task) {
    Database database(task.path(".index"));
    auto asked = database.prepare("SELECT vec_version()");
    sqlite3_step(asked);
    Search search{task, reinterpret_cast<char const*>(sqlite3_column_text(asked, 0))};
    sqlite3_finalize(asked);
    if (task.variant == "sqlite-vec-float")
        return measure(search, database, "exact", "SELECT id FROM v WHERE full MATCH ?1 AND k = ?2 ORDER BY distance", K);
    auto code = std::string(task.variant == "sqlite-vec-bit" ? "vec_quantize_binary(?1)" : "vec_int8(?3)");
    auto coarse = "WITH coarse AS (SELECT id, full FROM v WHERE code MATCH " + code + " AND k = ?2) SELECT id FROM coarse ORDER BY vec_distance_cosine(full, ?1) LIMIT 10";
    for (int candidates : task.variant == "sqlite-vec-bit" ? std::vector<int>{20, 50, 100, 200, 400, 1000, 2000, 4000} : std::vector<int>{10, 20, 50, 100})
        measure(search, database, "rescore=" + std::to_string(candidates), coarse, candidates);
}

int main(int count, char** args) { return run(count, args, build, search); }
