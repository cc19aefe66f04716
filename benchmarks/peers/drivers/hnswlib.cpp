// hnswlib: inner product of unit vectors, M = 16, efConstruction = 200.
#include "driver.hpp"
#include <hnswlib/hnswlib.h>

using namespace peers;

static void build(Task const& task) {
    hnswlib::InnerProductSpace space(Dimensions);
    hnswlib::HierarchicalNSW<float> index(&space, task.base.count(), 16, 200);
    auto start = Clock::now();
    for_each_row(task.base.count(), task.threads, [&](size_t row, int) { index.addPoint(task.base[row], row); });
    auto elapsed = since(start);
    index.saveIndex(task.path(".index"));
    task.built(elapsed, megabytes_of(task.path(".index")));
}

static void search(Task const& task) {
    hnswlib::InnerProductSpace space(Dimensions);
    hnswlib::HierarchicalNSW<float> index(&space, task.path(".index"));
    Search{task, PEER_VERSION}.sweep("ef", {10, 16, 24, 40, 64, 100, 160, 250, 400, 640, 1000, 1600, 2500, 4000}, [&](int ef) { index.setEf(ef); },
        [&](float const* query, std::vector<int32_t>& ids) {
            auto found = index.searchKnn(query, K);
            ids.resize(found.size());
            for (auto i = found.size(); i-- > 0; found.pop())
                ids[i] = found.top().second;
        });
}

int main(int count, char** args) { return run(count, args, build, search); }
