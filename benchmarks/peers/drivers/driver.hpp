// What every peer's driver shares: the vectors, the clock and the line that is printed.
//
//   DRIVER build  VECTORS WORK VARIANT THREADS
//   DRIVER search VECTORS WORK VARIANT SECONDS
//
// VECTORS is what `vectors` writes. An index lies in WORK as VARIANT.index with VARIANT.built beside it, which remembers
// how long it took. A search prints one JSON line a setting: queries go one at a time on one thread.
#pragma once
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <fcntl.h>
#include <fstream>
#include <functional>
#include <stdexcept>
#include <string>
#include <sys/mman.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace peers {

constexpr int K = 10;
constexpr int Dimensions = 512;
constexpr int TruthDepth = 100;
constexpr int Passes = 3;
constexpr double EnoughRecall = 0.9995;
constexpr double LeastGain = 0.0003;

template <typename T> class Mapped {
    T const* start = nullptr;
    size_t count = 0;

public:
    explicit Mapped(std::string const& path) {
        int file = open(path.c_str(), O_RDONLY);
        struct stat facts{};
        if (file < 0 || fstat(file, &facts) != 0)
            throw std::runtime_error("cannot read " + path);
        count = facts.st_size / sizeof(T);
        start = static_cast<T const*>(mmap(nullptr, facts.st_size, PROT_READ, MAP_SHARED, file, 0));
        close(file);
        if (start == MAP_FAILED)
            throw std::runtime_error("cannot map " + path);
    }
    size_t size() const { return count; }
    T const* at(size_t i) const { return start + i; }
};

struct Vectors {
    Mapped<float> values;
    explicit Vectors(std::string const& path) : values(path) {}
    size_t count() const { return values.size() / Dimensions; }
    float const* operator[](size_t row) const { return values.at(row * Dimensions); }
};

using Clock = std::chrono::steady_clock;
inline double since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

struct Task {
    bool build;
    Vectors base, queries;
    Mapped<int32_t> truth;
    std::string work, variant;
    int threads = 1;
    double seconds = 0;

    Task(int count, char** args)
        : build(count == 6 && std::string(args[1]) == "build"), base(folder(count, args) + "/base.f32"), queries(folder(count, args) + "/queries.f32"),
          truth(folder(count, args) + "/truth.i32"), work(args[3]), variant(args[4]) {
        build ? void(threads = atoi(args[5])) : void(seconds = atof(args[5]));
    }
    std::string path(char const* ending) const { return work + "/" + variant + ending; }

    /// Remembers a build that ended well.
    void built(double elapsed, double megabytes) const {
        std::ofstream(path(".built")) << elapsed << ' ' << threads << ' ' << megabytes << '\n';
        fprintf(stderr, "%s: built in %.1f s on %d threads, %.0f MB\n", variant.c_str(), elapsed, threads, megabytes);
    }

private:
    static std::string folder(int count, char** args) {
        if (count != 6)
            throw std::runtime_error("usage: build VECTORS WORK VARIANT THREADS | search VECTORS WORK VARIANT SECONDS");
        return args[2];
    }
};

inline double megabytes_of(std::string const& path) {
    struct stat facts{};
    return stat(path.c_str(), &facts) == 0 ? facts.st_size / 1e6 : 0;
}

/// A line of /proc/PID/status in megabytes: VmRSS now, VmHWM at most so far.
inline double memory(char const* name, std::string const& pid) {
    std::ifstream status("/proc/" + pid + "/status");
    for (std::string line; std::getline(status, line);)
        if (line.rfind(name, 0) == 0)
            return atof(line.c_str() + strlen(name) + 1) * 1024 / 1e6;
    return 0;
}

/// Every row once, by as many threads as asked for.
inline void for_each_row(size_t count, int threads, std::function<void(size_t row, int thread)> const& work) {
    std::atomic<size_t> next{0};
    std::exception_ptr failure;
    std::vector<std::thread> pool;
    auto loop = [&](int thread) {
        try {
            for (size_t row; (row = next++) < count;) {
                work(row, thread);
                if (row % 50000 == 49999)
                    fprintf(stderr, "  %zu rows\n", row + 1);
            }
        } catch (...) {
            failure = std::current_exception();
            next = count;
        }
    };
    for (int i = 0; i < threads; i++)
        pool.emplace_back(loop, i);
    for (auto& thread : pool)
        thread.join();
    if (failure)
        std::rethrow_exception(failure);
}

using Find = std::function<void(float const* query, std::vector<int32_t>& ids)>;

struct Search {
    Task const& task;
    std::string version;
    std::string pid = "self"; // the process that holds the index

    /// Recall over as many queries as twice the seconds allow, spread evenly over all of them; then three passes within the seconds, of which the median speed counts.
    double measure(std::string const& setting, Find const& find) const {
        size_t all = task.queries.count();
        std::vector<int32_t> ids;
        auto started = Clock::now();
        for (size_t i = 0; i < 8; i++)
            find(task.queries[i * all / 8], ids);
        double guess = since(started) / 8;
        size_t judged = std::clamp<size_t>(2 * task.seconds / guess, std::min<size_t>(all, 40), all);
        started = Clock::now();
        double recall = judge(find, judged);
        guess = since(started) / judged;
        size_t timed = std::clamp<size_t>(task.seconds / Passes / guess, std::min<size_t>(all, 20), all);
        std::vector<double> latencies, speeds;
        for (int pass = 0; pass < Passes; pass++) {
            auto from = Clock::now();
            for (size_t i = 0; i < timed; i++) {
                auto start = Clock::now();
                find(task.queries[i * all / timed], ids);
                latencies.push_back(since(start) * 1e6);
            }
            speeds.push_back(timed / since(from));
        }
        std::sort(latencies.begin(), latencies.end());
        std::sort(speeds.begin(), speeds.end());
        print(setting, recall, speeds[Passes / 2], latencies, judged, timed);
        return recall;
    }

    /// One setting after the other, until recall leaves nothing to find or two steps together gained next to nothing.
    void sweep(std::string const& knob, std::vector<int> const& values, std::function<void(int)> const& set, Find const& find) const {
        double before = -1, last = -1;
        for (int value : values) {
            set(value);
            double recall = measure(knob + "=" + std::to_string(value), find);
            if (recall >= EnoughRecall || recall - before < LeastGain)
                break;
            before = last;
            last = recall;
        }
    }

private:
    double judge(Find const& find, size_t count) const {
        size_t all = task.queries.count(), hits = 0;
        std::vector<int32_t> ids;
        for (size_t i = 0; i < count; i++) {
            size_t query = i * all / count;
            ids.clear();
            find(task.queries[query], ids);
            auto truth = task.truth.at(query * TruthDepth);
            // Counted from the truth's side, so that an id given twice counts once.
            for (int rank = 0; rank < K; rank++)
                hits += std::count(ids.begin(), ids.begin() + std::min<size_t>(ids.size(), K), truth[rank]) > 0;
        }
        return double(hits) / count / K;
    }

    void print(std::string const& setting, double recall, double speed, std::vector<double> const& latencies, size_t judged, size_t timed) const {
        double seconds = 0, threads = 0, size = 0;
        std::ifstream(task.path(".built")) >> seconds >> threads >> size;
        auto at = [&](double share) { return latencies[std::min(latencies.size() - 1, size_t(share * latencies.size()))]; };
        printf("{\"peer\":\"%s\",\"version\":\"%s\",\"setting\":\"%s\",\"rows\":%zu,\"recall10\":%.5f,\"qps\":%.2f,\"p50_us\":%.1f,\"p95_us\":%.1f,\"p99_us\":%.1f,"
               "\"build_s\":%.1f,\"build_threads\":%.0f,\"rss_mb\":%.0f,\"peak_mb\":%.0f,\"index_mb\":%.0f,\"queries_judged\":%zu,\"queries_timed\":%zu}\n",
               task.variant.c_str(), version.c_str(), setting.c_str(), task.base.count(), recall, speed, at(.5), at(.95), at(.99), seconds, threads,
               memory("VmRSS:", pid), memory("VmHWM:", pid), size, judged, timed);
        fflush(stdout);
        fprintf(stderr, "  %-20s %-24s recall %.4f  %10.1f q/s  p99 %.2f ms\n", task.variant.c_str(), setting.c_str(), recall, speed, at(.99) / 1e3);
    }
};

inline int run(int count, char** args, void (*build)(Task const&), void (*search)(Task const&)) {
    try {
        Task task(count, args);
        (task.build ? build : search)(task);
        return 0;
    } catch (std::exception const& error) {
        fprintf(stderr, "%s: %s\n", args[0], error.what());
        return 1;
    }
}

} // namespace peers
