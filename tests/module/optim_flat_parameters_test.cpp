#include <gtest/gtest.h>

#include "core/error.h"
#include "optim/flat_parameters.h"

namespace slovo {
namespace {

struct Parts : torch::nn::Module {
  at::Tensor scale = register_parameter("scale", at::full({3}, 2.0));
  at::Tensor matrix = register_parameter("matrix", at::arange(10, at::kFloat).view({2, 5}));
  at::Tensor frozen = register_parameter("frozen", at::ones({4}), /*requires_grad=*/false);
  at::Tensor table = register_parameter("table", at::full({7, 3}, 0.1));
};

TEST(FlatParameters, ModuleComputesOnViewsOfTheMaster) {
  Parts parts;
  const FlatParameters flat(parts, at::kFloat);
  ASSERT_EQ(flat.groups().size(), 2u);
  flat.groups()[0].buffers.master.fill_(5);
  EXPECT_TRUE(parts.matrix.eq(5).all().item<bool>());
  EXPECT_TRUE(parts.table.eq(5).all().item<bool>());
  EXPECT_TRUE(parts.scale.eq(2).all().item<bool>());
  flat.groups()[1].buffers.grad.fill_(3);
  EXPECT_TRUE(parts.scale.grad().eq(3).all().item<bool>());
}

TEST(FlatParameters, MatricesDecayAndVectorsDoNot) {
  Parts parts;
  const FlatParameters flat(parts, at::kFloat);
  EXPECT_TRUE(flat.groups()[0].decays());
  EXPECT_FALSE(flat.groups()[1].decays());
  EXPECT_EQ(flat.groups()[0].buffers.master.numel(),
            32 + 32);  // 10 and 21, each up to a multiple of 32
  EXPECT_EQ(flat.groups()[1].buffers.first, 64);
  EXPECT_EQ(flat.numel(), 96);
}

TEST(FlatParameters, ParametersOfOneRoleLieTogether) {
  struct Weight : torch::nn::Module {
    Weight() { register_parameter("weight", at::ones({2, 2})); }
  };
  torch::nn::Module parts;
  for (const char* name : {"head", "embedding", "norm_like", "positions"}) {
    parts.register_module(name, std::make_shared<Weight>());
  }
  parts.register_parameter("bias", at::ones({2}));
  const FlatParameters flat(parts, at::kFloat);
  std::vector<ParameterRole> roles;
  for (const ParameterGroup& group : flat.groups()) roles.push_back(group.role);
  EXPECT_EQ(roles, (std::vector<ParameterRole>{ParameterRole::matrix, ParameterRole::embedding,
                                               ParameterRole::head, ParameterRole::vector}));
  const auto names = [&](const at::Tensor& of, int64_t first) {
    std::vector<std::string> out;
    for (const auto& [name, view] : flat.views_of(of, "", first)) out.push_back(name);
    return out;
  };
  EXPECT_EQ(names(flat.grad(), 0),
            (std::vector<std::string>{"norm_like.weight", "embedding.weight", "positions.weight",
                                      "head.weight", "bias"}));
  const ParameterGroup& head = flat.groups()[2];
  EXPECT_EQ(names(head.buffers.grad, head.buffers.first), std::vector<std::string>{"head.weight"});
}

TEST(FlatParameters, Bf16KeepsAnFp32MasterAndGradient) {
  Parts parts;
  FlatParameters flat(parts, at::kBFloat16);
  EXPECT_EQ(parts.table.scalar_type(), at::kBFloat16);
  EXPECT_EQ(parts.frozen.scalar_type(), at::kBFloat16);
  EXPECT_EQ(parts.table.grad().scalar_type(), at::kFloat);
  EXPECT_TRUE(parts.table.requires_grad());
  for (const auto& [name, master] : flat.masters()) {
    if (name != "table") continue;
    EXPECT_TRUE(master.eq(0.1f).all().item<bool>()) << "the master is not rounded to bf16";
  }
  flat.groups()[0].buffers.master.fill_(0.3);
  flat.master_changed();
  EXPECT_TRUE(parts.table.eq(at::full({7, 3}, 0.3).to(at::kBFloat16)).all().item<bool>());
}

TEST(FlatParameters, EverySlotStartsACacheLine) {
  for (const auto dtype : {at::kFloat, at::kBFloat16}) {
    Parts parts;
    const FlatParameters flat(parts, dtype);
    for (const auto& parameter : {parts.scale, parts.matrix, parts.table}) {
      EXPECT_EQ(reinterpret_cast<uintptr_t>(parameter.const_data_ptr()) % 64, 0u);
      EXPECT_EQ(reinterpret_cast<uintptr_t>(parameter.grad().const_data_ptr()) % 64, 0u);
    }
  }
}

TEST(FlatParameters, MastersHaveTheModulesNamesInItsOrder) {
  Parts parts;
  const FlatParameters flat(parts, at::kBFloat16);
  std::vector<std::string> names;
  for (const auto& [name, master] : flat.masters()) names.push_back(name);
  EXPECT_EQ(names, (std::vector<std::string>{"scale", "matrix", "frozen", "table"}));
}

TEST(FlatParameters, ATensorUnderTwoNamesIsRefused) {
  Parts parts;
  parts.register_parameter("again", parts.table);
  EXPECT_THROW(FlatParameters(parts, at::kFloat), Error);
}

}  // namespace
}  // namespace slovo
