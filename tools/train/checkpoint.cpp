// SPDX-License-Identifier: LGPL-2.1-or-later
#include "train/checkpoint.h"

#include <filesystem>

#include "core/error.h"

namespace crlsc::tools {

namespace fs = std::filesystem;

bool resumes_from(const std::string& path, bool wanted) {
  const bool exists = fs::exists(path);
  if (exists && !wanted) {
    throw Error(ErrorKind::kSettings, "\"" + path + "\" exists; go on with --resume or choose another --out");
  }
  return exists;
}

void write_progress(torch::serialize::OutputArchive& archive, const torch::optim::Optimizer& optimizer, int64_t step,
                    double spent) {
  torch::serialize::OutputArchive optimizer_archive;
  optimizer.save(optimizer_archive);
  archive.write("optimizer", optimizer_archive);
  archive.write("step", torch::tensor(step), true);
  archive.write("spent", torch::tensor(spent, torch::kFloat64), true);
}

void read_progress(torch::serialize::InputArchive& archive, torch::optim::Optimizer& optimizer, int64_t& step,
                   double& spent) {
  torch::serialize::InputArchive optimizer_archive;
  archive.read("optimizer", optimizer_archive);
  optimizer.load(optimizer_archive);
  // Reading into a defined tensor keeps that tensor's type, so each value has its own.
  torch::Tensor steps_done;
  torch::Tensor seconds_spent;
  archive.read("step", steps_done, true);
  archive.read("spent", seconds_spent, true);
  step = steps_done.item<int64_t>();
  spent = seconds_spent.item<double>();
}

namespace {

std::string parameter_name(size_t number) { return "parameter" + std::to_string(number); }

}  // namespace

void write_parameters(torch::serialize::OutputArchive& archive, const torch::nn::Module& network) {
  const auto parameters = network.parameters();
  for (size_t i = 0; i < parameters.size(); ++i) archive.write(parameter_name(i), parameters[i]);
}

void read_parameters(torch::serialize::InputArchive& archive, torch::nn::Module& network) {
  const torch::NoGradGuard no_grad;
  auto parameters = network.parameters();
  for (size_t i = 0; i < parameters.size(); ++i) {
    torch::Tensor values;
    archive.read(parameter_name(i), values);
    TORCH_CHECK(values.sizes() == parameters[i].sizes(), "parameter ", i, " has another shape");
    parameters[i].copy_(values);
  }
}

void save_checkpoint(torch::serialize::OutputArchive& archive, const std::string& path) {
  archive.save_to(path + ".new");
  fs::rename(path + ".new", path);
}

}  // namespace crlsc::tools
