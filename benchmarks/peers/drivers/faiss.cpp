// FAISS as the distribution builds it: for any x86-64, without AVX.
#include "driver.hpp"
#include <cmath>
#include <faiss/Index.h>
#include <faiss/IndexHNSW.h>
#include <faiss/IndexIVF.h>
#include <faiss/index_factory.h>
#include <faiss/index_io.h>
#include <memory>
#include <omp.h>

using namespace peers;

/// About the square root of the rows, in powers of two, times two: what FAISS's guidelines ask for (4 to 16 roots) halved, since few rows a list suit few threads.
static std::string factory(Task const& task) {
    auto lists = std::to_string(1 << int(std::log2(4 * std::sqrt(double(task.base.count())))));
    return task.variant == "faiss-flat" ? "Flat" : task.variant == "faiss-hnsw" ? "HNSW16" : task.variant == "faiss-ivf-sq8" ? "IVF" + lists + ",SQ8" : "IVF" + lists + ",Flat";
}

static void build(Task const& task) {
    omp_set_num_threads(task.threads);
    std::unique_ptr<faiss::Index> index(faiss::index_factory(Dimensions, factory(task).c_str(), faiss::METRIC_INNER_PRODUCT));
    if (auto graph = dynamic_cast<faiss::IndexHNSW*>(index.get()))
        graph->hnsw.efConstruction = 200;
    auto start = Clock::now();
    // The rows are in random order already: their beginning is a sample.
    index->train(std::min<size_t>(task.base.count(), 200000), task.base[0]);
    index->add(task.base.count(), task.base[0]);
    auto elapsed = since(start);
    faiss::write_index(index.get(), task.path(".index").c_str());
    task.built(elapsed, megabytes_of(task.path(".index")));
}

static void search(Task const& task) {
    omp_set_num_threads(1);
    std::unique_ptr<faiss::Index> index(faiss::read_index(task.path(".index").c_str()));
    auto version = std::to_string(FAISS_VERSION_MAJOR) + "." + std::to_string(FAISS_VERSION_MINOR) + "." + std::to_string(FAISS_VERSION_PATCH) + " generic build";
    std::vector<float> scores(K);
    std::vector<faiss::Index::idx_t> found(K);
    Find find = [&](float const* query, std::vector<int32_t>& ids) {
        index->search(1, query, K, scores.data(), found.data());
        ids.assign(found.begin(), found.end());
    };
    Search measurement{task, version};
    if (auto graph = dynamic_cast<faiss::IndexHNSW*>(index.get()))
        measurement.sweep("efSearch", {10, 20, 40, 80, 160, 320, 640, 1300, 2700}, [&](int ef) { graph->hnsw.efSearch = ef; }, find);
    else if (auto lists = dynamic_cast<faiss::IndexIVF*>(index.get()))
        measurement.sweep("nprobe", {2, 4, 8, 16, 32, 64, 128, 256, 512, 1024}, [&](int probes) { lists->nprobe = probes; }, find);
    else
        measurement.measure("exact", find);
}

int main(int count, char** args) { return run(count, args, build, search); }
