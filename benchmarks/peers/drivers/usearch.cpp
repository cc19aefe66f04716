// USearch with the kernels it ships (NumKong, chosen at run time): connectivity 16, expansion_add 200.
#include "driver.hpp"
#include <usearch/index_dense.hpp>

using namespace peers;
using namespace unum::usearch;

static index_dense_t create(Task const& task) {
    auto kind = task.variant == "usearch-i8" ? scalar_kind_t::i8_k : task.variant == "usearch-bf16" ? scalar_kind_t::bf16_k : scalar_kind_t::f32_k;
    // Its i8 codes are not unit vectors any more, so they need the cosine.
    auto metric = kind == scalar_kind_t::i8_k ? metric_kind_t::cos_k : metric_kind_t::ip_k;
    auto made = index_dense_t::make(metric_punned_t(Dimensions, metric, kind), index_dense_config_t(16, 200, 64));
    if (!made)
        throw std::runtime_error(made.error.release());
    return std::move(made.index);
}

static void build(Task const& task) {
    auto index = create(task);
    if (!index.try_reserve(index_limits_t(task.base.count(), task.threads)))
        throw std::runtime_error("out of memory");
    auto start = Clock::now();
    for_each_row(task.base.count(), task.threads, [&](size_t row, int thread) {
        if (auto added = index.add(row, task.base[row], thread); !added)
            throw std::runtime_error(added.error.release());
    });
    auto elapsed = since(start);
    if (auto saved = index.save(task.path(".index").c_str()); !saved)
        throw std::runtime_error(saved.error.release());
    task.built(elapsed, megabytes_of(task.path(".index")));
}

static void search(Task const& task) {
    auto index = create(task);
    if (auto loaded = index.load(task.path(".index").c_str()); !loaded)
        throw std::runtime_error(loaded.error.release());
    if (!index.try_reserve(index_limits_t(index.size(), 1)))
        throw std::runtime_error("out of memory");
    std::vector<index_dense_t::vector_key_t> keys(K);
    Search{task, std::string(PEER_VERSION) + " " + index.metric().isa_name()}.sweep(
        "expansion", {10, 16, 24, 40, 64, 100, 160, 250, 400, 640, 1000, 1600, 2500, 4000}, [&](int expansion) { index.change_expansion_search(expansion); },
        [&](float const* query, std::vector<int32_t>& ids) {
            auto found = index.search(query, K, 0);
            ids.resize(found.dump_to(keys.data()));
            std::copy_n(keys.begin(), ids.size(), ids.begin());
        });
}

int main(int count, char** args) { return run(count, args, build, search); }
