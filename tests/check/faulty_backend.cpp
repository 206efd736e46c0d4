// SPDX-License-Identifier: LGPL-2.1-or-later
// The reference backend, with faults on demand. The environment variable CRLSC_TEST_FAULT says which:
//   load, open, encode, decode, embed   that call throws something that is no crlsc::Error
//   slow-load                           loading takes 400 ms
#include <chrono>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <thread>

#include "core/codec/network.h"
#include "core/model/backend.h"

namespace crlsc {
namespace {

bool wanted(const char* fault) {
  const char* now = std::getenv("CRLSC_TEST_FAULT");
  return now != nullptr && std::string(now) == fault;
}

void throw_if_wanted(const char* fault) {
  if (wanted(fault)) throw std::runtime_error(std::string("fault on demand: ") + fault);
}

class FaultySession : public NetworkSession {
 public:
  explicit FaultySession(std::unique_ptr<NetworkSession> inner) : inner_(std::move(inner)) {}
  void encode(const Picture& current, const Picture& prediction, const QuantiserBias& bias, TokenGrid& grid,
              std::vector<Picture>& previews) override {
    throw_if_wanted("encode");
    inner_->encode(current, prediction, bias, grid, previews);
  }
  void decode(const Picture& prediction, const TokenGrid& grid, Picture& out) override {
    throw_if_wanted("decode");
    inner_->decode(prediction, grid, out);
  }

 private:
  std::unique_ptr<NetworkSession> inner_;
};

class FaultyEmbedder : public Embedder {
 public:
  explicit FaultyEmbedder(std::unique_ptr<Embedder> inner) : inner_(std::move(inner)) {}
  int dimension() const override { return inner_->dimension(); }
  void embed(const PictureView& picture, float* out) override {
    throw_if_wanted("embed");
    inner_->embed(picture, out);
  }

 private:
  std::unique_ptr<Embedder> inner_;
};

class FaultyNetwork : public Network {
 public:
  explicit FaultyNetwork(std::unique_ptr<Network> inner) : inner_(std::move(inner)) {}
  std::unique_ptr<NetworkSession> open(int width, int height) const override {
    throw_if_wanted("open");
    return std::make_unique<FaultySession>(inner_->open(width, height));
  }
  std::unique_ptr<Embedder> open_embedder() const override {
    auto inner = inner_->open_embedder();
    return inner ? std::make_unique<FaultyEmbedder>(std::move(inner)) : nullptr;
  }
  void warm_up() const override { inner_->warm_up(); }

 private:
  std::unique_ptr<Network> inner_;
};

class FaultyBackend : public Backend {
 public:
  int interface_version() const override { return kInterfaceVersion; }
  std::unique_ptr<Network> load(const ModelFile& file) const override {
    throw_if_wanted("load");
    if (wanted("slow-load")) std::this_thread::sleep_for(std::chrono::milliseconds(400));
    return std::make_unique<FaultyNetwork>(open_backend("reference").load(file));
  }
  int set_threads(int threads) const override { return threads; }
  const char* description() const override { return "faults on demand"; }
};

}  // namespace
}  // namespace crlsc

extern "C" const crlsc::Backend* crlsc_backend() {
  static const crlsc::FaultyBackend backend;
  return &backend;
}
