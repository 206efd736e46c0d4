// SPDX-License-Identifier: LGPL-2.1-or-later
#include <dlfcn.h>

#include <chrono>
#include <future>
#include <thread>

#include "core/model/backend.h"
#include "core/model/install_paths.h"
#include "core/model/registry.h"
#include "unit/model/model_testing.h"
#include "unit/model/probe_backend.h"

namespace crlsc {
namespace {

using Model = std::shared_ptr<const LoadedModel>;
using namespace std::chrono_literals;

constexpr auto kPatience = 20s;

class Registry : public testing::Test {
 protected:
  Registry() : path_("CRLSC_BACKEND_PATH", CRLSC_PROBE_FOLDER) {
    open_backend("probe");
    void* module = dlopen(CRLSC_PROBE_FOLDER "/libcrlsc-backend-probe.so", RTLD_NOW | RTLD_NOLOAD);
    if (module == nullptr) throw std::runtime_error("the probe is not loaded");
    probe_ = reinterpret_cast<ProbeCounters* (*)()>(dlsym(module, "crlsc_probe_counters"))();
    probe_->loads = 0;
    probe_->warm_ups = 0;
    probe_->failures_due = 0;
    probe_->gate_open = true;
  }

  std::string model(const std::string& name, uint8_t seed, const Metadata& extra = {}) const {
    write_probe_model(folder_.file(name), seed, extra);
    return folder_.file(name);
  }

  bool wait_for_loads(int count) const {
    const auto end = std::chrono::steady_clock::now() + kPatience;
    while (probe_->loads < count && std::chrono::steady_clock::now() < end) std::this_thread::sleep_for(1ms);
    return probe_->loads >= count;
  }

  static std::future<Model> acquire_beside(const std::string& path) {
    return std::async(std::launch::async, [path] { return acquire_model(path, 1); });
  }

  ScopedVariable path_;
  TempFolder folder_;
  ProbeCounters* probe_ = nullptr;
};

TEST_F(Registry, LoadsAndWarmsUp) {
  const Model loaded = acquire_model(model("m", 1), 3);
  ASSERT_NE(loaded, nullptr);
  EXPECT_NE(loaded->network, nullptr);
  EXPECT_EQ(loaded->file.path(), folder_.file("m"));
  EXPECT_EQ(probe_->loads, 1);
  EXPECT_EQ(probe_->warm_ups, 1);
  EXPECT_EQ(probe_->threads, 3);
}

TEST_F(Registry, SecondAcquireSharesTheFirst) {
  const Model first = acquire_model(model("m", 1), 1);
  const Model second = acquire_model(folder_.file("m"), 1);
  EXPECT_EQ(first, second);
  EXPECT_EQ(probe_->loads, 1);
  EXPECT_EQ(probe_->warm_ups, 1);
}

TEST_F(Registry, SameContentUnderAnotherPathIsShared) {
  const Model first = acquire_model(model("a", 1), 1);
  const Model second = acquire_model(model("b", 1, {{"note", "other text, same tensors"}}), 1);
  EXPECT_EQ(first, second);
  EXPECT_EQ(probe_->loads, 1);
}

TEST_F(Registry, OtherContentUnderTheSamePathIsNot) {
  const Model first = acquire_model(model("m", 1), 1);
  const Model second = acquire_model(model("m", 2), 1);
  EXPECT_NE(first, second);
  EXPECT_NE(first->file.id(), second->file.id());
  EXPECT_EQ(probe_->alive, 2);
}

TEST_F(Registry, SameTensorsWithAnotherLayoutAreNotShared) {
  const Model first = acquire_model(model("a", 1), 1);
  const Model second = acquire_model(model("b", 1, {{"structure_codes", "32"}}), 1);
  EXPECT_NE(first, second);
  EXPECT_NE(first->file.id(), second->file.id());
  EXPECT_EQ(second->file.layout().structure_codes, 32);
}

TEST_F(Registry, LastReleaseFreesTheNetwork) {
  Model first = acquire_model(model("m", 1), 1);
  Model second = first;
  EXPECT_EQ(probe_->alive, 1);
  first.reset();
  EXPECT_EQ(probe_->alive, 1);
  second.reset();
  EXPECT_EQ(probe_->alive, 0);
}

TEST_F(Registry, AfterTheLastReleaseItLoadsAgain) {
  acquire_model(model("m", 1), 1);
  const Model again = acquire_model(folder_.file("m"), 1);
  EXPECT_EQ(probe_->loads, 2);
  EXPECT_EQ(probe_->alive, 1);
}

TEST_F(Registry, ConcurrentAcquiresLoadOnceAndWait) {
  const std::string path = model("m", 1, {{"gated", "yes"}});
  probe_->gate_open = false;
  std::vector<std::future<Model>> waiting;
  for (int i = 0; i < 8; ++i) waiting.push_back(acquire_beside(path));
  EXPECT_TRUE(wait_for_loads(1));
  for (auto& future : waiting) EXPECT_EQ(future.wait_for(5ms), std::future_status::timeout);
  probe_->gate_open = true;
  std::vector<Model> models;
  for (auto& future : waiting) models.push_back(future.get());
  for (const Model& m : models) EXPECT_EQ(m, models.front());
  EXPECT_EQ(probe_->loads, 1);
}

TEST_F(Registry, LoadingOneModelDoesNotHoldUpAnother) {
  probe_->gate_open = false;
  std::future<Model> slow = acquire_beside(model("slow", 1, {{"gated", "yes"}}));
  EXPECT_TRUE(wait_for_loads(1));
  std::future<Model> quick = acquire_beside(model("quick", 2));
  EXPECT_EQ(quick.wait_for(kPatience), std::future_status::ready);
  EXPECT_EQ(slow.wait_for(0s), std::future_status::timeout);
  probe_->gate_open = true;
  EXPECT_NE(slow.get(), quick.get());
}

TEST_F(Registry, AHeldModelIsGivenWhileAnotherLoads) {
  const Model held = acquire_model(model("held", 2), 1);
  probe_->gate_open = false;
  std::future<Model> slow = acquire_beside(model("slow", 1, {{"gated", "yes"}}));
  EXPECT_TRUE(wait_for_loads(2));
  std::future<Model> again = acquire_beside(folder_.file("held"));
  EXPECT_EQ(again.wait_for(kPatience), std::future_status::ready);
  probe_->gate_open = true;
  EXPECT_EQ(again.get(), held);
  slow.get();
}

TEST_F(Registry, FailedLoadLeavesNothingBehind) {
  probe_->failures_due = 1;
  const auto failure = failure_of([&] { acquire_model(model("m", 1), 1); });
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->kind, ErrorKind::kRead);
  EXPECT_EQ(probe_->alive, 0);
  EXPECT_NE(acquire_model(folder_.file("m"), 1), nullptr);
  EXPECT_EQ(probe_->loads, 2);
}

TEST_F(Registry, WhoWaitsForAFailingLoadTriesItself) {
  const std::string path = model("m", 1, {{"gated", "yes"}});
  probe_->gate_open = false;
  probe_->failures_due = 1;
  std::vector<std::future<Model>> waiting;
  for (int i = 0; i < 4; ++i) waiting.push_back(acquire_beside(path));
  EXPECT_TRUE(wait_for_loads(1));
  probe_->gate_open = true;
  int failed = 0;
  std::vector<Model> models;
  for (auto& future : waiting) {
    const auto failure = failure_of([&] { models.push_back(future.get()); });
    failed += failure ? 1 : 0;
  }
  EXPECT_EQ(failed, 1);
  EXPECT_EQ(models.size(), 3U);
  EXPECT_EQ(probe_->alive, 1);
}

TEST_F(Registry, ForeignExceptionsPassAndLeaveNothingBehind) {
  const std::string path = model("m", 1, {{"foreign", "yes"}});
  EXPECT_THROW(acquire_model(path, 1), std::out_of_range);
  EXPECT_THROW(acquire_model(path, 1), std::out_of_range);
}

TEST_F(Registry, BackendWithoutANetworkIsALibraryError) {
  EXPECT_EQ(failure_of([&] { acquire_model(model("m", 1, {{"null", "yes"}}), 1); })->kind, ErrorKind::kLibrary);
}

TEST_F(Registry, AbsentBackendIsALibraryError) {
  const auto failure = failure_of([&] { acquire_model(model("m", 1, {{"backend", "absent"}}), 1); });
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->kind, ErrorKind::kLibrary);
}

TEST_F(Registry, AbsentAndBrokenFilesThrowWhatModelFileThrows) {
  EXPECT_EQ(failure_of([&] { acquire_model(folder_.file("none"), 1); })->kind, ErrorKind::kNotFound);
  write_file(folder_.file("broken"), "12345678");
  EXPECT_EQ(failure_of([&] { acquire_model(folder_.file("broken"), 1); })->kind, ErrorKind::kRead);
  EXPECT_EQ(probe_->loads, 0);
}

// Threads take and drop two models at random; in the end nothing is left, and no object was ever seen half made.
TEST_F(Registry, SurvivesManyThreads) {
  const std::string paths[] = {model("a", 1), model("b", 2)};
  std::vector<std::thread> threads;
  std::atomic<int> wrong{0};
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 50; ++i) {
        const Model m = acquire_model(paths[(i * 7 + t) % 2], 1);
        if (m->network == nullptr || m->file.tensor("w").data[0] != 1 + (i * 7 + t) % 2) ++wrong;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(probe_->alive, 0);
  EXPECT_EQ(probe_->loads, probe_->warm_ups);
}

class FindModel : public testing::Test {
 protected:
  FindModel()
      : variable_("CRLSC_MODEL_PATH", first_.path() + ":" + second_.path()), cwd_(std::filesystem::current_path()) {
    std::filesystem::current_path(work_.path());
  }
  ~FindModel() override { std::filesystem::current_path(cwd_); }

  TempFolder first_;
  TempFolder second_;
  TempFolder work_;
  ScopedVariable variable_;
  std::filesystem::path cwd_;
};

TEST_F(FindModel, PathWithASlashIsTakenAsItIs) {
  write_file(first_.file("x"), "");
  write_file(work_.file("x"), "");
  EXPECT_EQ(find_model(work_.file("x")), work_.file("x"));
  EXPECT_EQ(find_model("./x"), "./x");
}

TEST_F(FindModel, PathWithASlashIsNotLookedForElsewhere) {
  write_file(first_.file("x"), "");
  const auto failure = failure_of([] { find_model("./x"); });
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->kind, ErrorKind::kNotFound);
  EXPECT_TRUE(failure->says("'./x'") && failure->says("`model`")) << failure->text;
  EXPECT_FALSE(failure->says(first_.path()));
}

TEST_F(FindModel, PlainNamePrefersTheWorkingFolder) {
  for (const TempFolder* folder : {&first_, &second_, &work_}) write_file(folder->file("x"), "");
  EXPECT_EQ(find_model("x"), "x");
}

TEST_F(FindModel, PlainNameIsLookedForOnTheModelPathInOrder) {
  write_file(second_.file("x"), "");
  EXPECT_EQ(find_model("x"), second_.file("x"));
  write_file(first_.file("x"), "");
  EXPECT_EQ(find_model("x"), first_.file("x"));
}

TEST_F(FindModel, EmptyMeansTheDefaultOnTheModelPath) {
  write_file(work_.file("default.safetensors"), "");
  write_file(second_.file("default.safetensors"), "");
  EXPECT_EQ(find_model(""), second_.file("default.safetensors"));
  write_file(first_.file("default.safetensors"), "");
  EXPECT_EQ(find_model(""), first_.file("default.safetensors"));
}

TEST_F(FindModel, FoldersOnTheModelPathAreNoModels) {
  std::filesystem::create_directory(first_.file("x"));
  write_file(second_.file("x"), "");
  EXPECT_EQ(find_model("x"), second_.file("x"));
}

TEST_F(FindModel, ByTheIdThatStreamsNameItBy) {
  write_file(first_.file("broken.safetensors"), "no model");
  std::filesystem::create_directory(first_.file("folder.safetensors"));
  write_probe_model(first_.file("one.safetensors"), 1);
  write_probe_model(second_.file("two.safetensors"), 2);
  write_probe_model(second_.file("three.model"), 3);
  for (const std::string& path : {first_.file("one.safetensors"), second_.file("two.safetensors")}) {
    EXPECT_EQ(find_model(ModelFile(path).id()), path);
  }
  EXPECT_EQ(find_model(ModelFile(second_.file("three.model")).id()), "");
}

TEST_F(FindModel, AbsenceNamesEveryPlaceAndTheProperty) {
  const auto failure = failure_of([] { find_model("absent.safetensors"); });
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->kind, ErrorKind::kNotFound);
  EXPECT_TRUE(failure->says("'absent.safetensors'"));
  EXPECT_TRUE(failure->says(first_.file("absent.safetensors"))) << failure->text;
  EXPECT_TRUE(failure->says(second_.file("absent.safetensors")));
  EXPECT_TRUE(failure->says(std::string(kModelFolder) + "/absent.safetensors"));
  EXPECT_TRUE(failure->says("`model`"));
  EXPECT_TRUE(failure->says("CRLSC_MODEL_PATH"));
}

}  // namespace
}  // namespace crlsc
