// SPDX-License-Identifier: LGPL-2.1-or-later
#include <dlfcn.h>

#include "core/model/backend.h"
#include "core/model/install_paths.h"
#include "core/model/search_path.h"
#include "unit/model/model_testing.h"

namespace crlsc {
namespace {

std::optional<Failure> open_failure(const std::string& name) {
  return failure_of([&] { open_backend(name); });
}

TEST(Backend, OpensByNameOnThePath) {
  const ScopedVariable path("CRLSC_BACKEND_PATH", CRLSC_PROBE_FOLDER);
  const Backend& backend = open_backend("probe");
  EXPECT_EQ(backend.interface_version(), Backend::kInterfaceVersion);
  EXPECT_STREQ(backend.description(), "probe");
}

TEST(Backend, SecondOpenGivesTheSame) {
  const ScopedVariable path("CRLSC_BACKEND_PATH", CRLSC_PROBE_FOLDER);
  EXPECT_EQ(&open_backend("probe"), &open_backend("probe"));
}

TEST(Backend, StaysLoaded) {
  const std::string module = std::string(CRLSC_PROBE_FOLDER) + "/libcrlsc-backend-probe.so";
  {
    const ScopedVariable path("CRLSC_BACKEND_PATH", CRLSC_PROBE_FOLDER);
    open_backend("probe");
  }
  void* handle = dlopen(module.c_str(), RTLD_NOW | RTLD_NOLOAD);
  ASSERT_NE(handle, nullptr);
  for (int i = 0; i < 5; ++i) dlclose(handle);
  EXPECT_NE(dlopen(module.c_str(), RTLD_NOW | RTLD_NOLOAD), nullptr);
}

TEST(Backend, IsLookedForInEachFolderInOrder) {
  const TempFolder empty;
  const ScopedVariable path("CRLSC_BACKEND_PATH", empty.path() + "::" + CRLSC_PROBE_FOLDER + ":/no/such/folder");
  EXPECT_STREQ(open_backend("probe").description(), "probe");
}

TEST(Backend, GarbageInAnEarlierFolderDoesNotHideIt) {
  const TempFolder folder;
  write_file(folder.file("libcrlsc-backend-probe.so"), "not an ELF file");
  const ScopedVariable path("CRLSC_BACKEND_PATH", folder.path() + ":" + CRLSC_PROBE_FOLDER);
  EXPECT_STREQ(open_backend("probe").description(), "probe");
}

TEST(Backend, AbsenceNamesEveryPlace) {
  const TempFolder folder;
  const ScopedVariable path("CRLSC_BACKEND_PATH", folder.path() + ":/second/folder");
  const auto failure = open_failure("absent");
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->kind, ErrorKind::kLibrary);
  EXPECT_TRUE(failure->says(folder.file("libcrlsc-backend-absent.so"))) << failure->text;
  EXPECT_TRUE(failure->says("/second/folder/libcrlsc-backend-absent.so"));
  EXPECT_TRUE(failure->says(std::string(kBackendFolder) + "/libcrlsc-backend-absent.so"));
  EXPECT_TRUE(failure->says("cannot open shared object file"));
}

TEST(Backend, GarbageIsALibraryErrorWithTheLoadersWords) {
  const TempFolder folder;
  write_file(folder.file("libcrlsc-backend-garbage.so"), std::string(1000, 'x'));
  const ScopedVariable path("CRLSC_BACKEND_PATH", folder.path());
  const auto failure = open_failure("garbage");
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->kind, ErrorKind::kLibrary);
  EXPECT_TRUE(failure->says("invalid ELF header")) << failure->text;
}

struct BadModule {
  const char* name;
  std::string says;
};

const std::string kOtherVersion = "interface version " + std::to_string(Backend::kInterfaceVersion + 1) + ", version " +
                                  std::to_string(Backend::kInterfaceVersion) + " is needed";

class BadBackend : public testing::TestWithParam<BadModule> {};

TEST_P(BadBackend, IsRefusedWithTheReason) {
  const ScopedVariable path("CRLSC_BACKEND_PATH", CRLSC_PROBE_FOLDER);
  const auto failure = open_failure(GetParam().name);
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->kind, ErrorKind::kLibrary);
  EXPECT_TRUE(failure->says(GetParam().says)) << failure->text;
}

INSTANTIATE_TEST_SUITE_P(Backend, BadBackend,
                         testing::Values(BadModule{"probe-other-version", kOtherVersion},
                                         BadModule{"probe-null", "offers no backend"},
                                         BadModule{"probe-throws", "the probe has no library"},
                                         BadModule{"probe-no-entry", "crlsc_backend"}));

class BackendName : public testing::TestWithParam<std::string> {};

TEST_P(BackendName, ThatCouldLeaveTheFolderIsRefused) {
  const ScopedVariable path("CRLSC_BACKEND_PATH", CRLSC_PROBE_FOLDER);
  EXPECT_FALSE(is_backend_name(GetParam()));
  const auto failure = open_failure(GetParam());
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->kind, ErrorKind::kLibrary);
  EXPECT_TRUE(failure->says("cannot be the name")) << failure->text;
}

INSTANTIATE_TEST_SUITE_P(Backend, BackendName,
                         testing::Values("", "../probe", "x/../probe", "/probe", "probe.so", "Probe", "pro be",
                                         std::string("probe\0", 6), "probe\n", std::string(33, 'p')));

TEST(Backend, LongestNameIsAllowed) { EXPECT_TRUE(is_backend_name(std::string(32, 'p'))); }

TEST(SearchPath, EmptyFoldersAreSkippedAndTheInstalledComesLast) {
  const ScopedVariable path("CRLSC_TEST_PATH", ":a::b:");
  EXPECT_EQ(search_folders("CRLSC_TEST_PATH", "c"), (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_EQ(search_folders("CRLSC_TEST_PATH_UNSET", "c"), (std::vector<std::string>{"c"}));
}

TEST(SearchPath, ListsReadAsASentence) {
  EXPECT_EQ(list_text({}), "");
  EXPECT_EQ(list_text({"a"}), "a");
  EXPECT_EQ(list_text({"a", "b", "c"}), "a, b and c");
}

}  // namespace
}  // namespace crlsc
