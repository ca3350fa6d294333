// Speed of the matrix products on one thread, for every table of this machine, beside what the
// machine can do at most; elementwise_bench has the rest. Usage: kernels_bench [isa ...]
#include <cmath>
#include <cstring>

#include "bench.h"
#include "kernels/kernels.h"
#include "machine_peak.h"

namespace holdfast::bench {
namespace {

using namespace kernels;  // NOLINT(google-build-using-namespace): this file is about them

struct Layer {
  const char* name;
  std::int64_t batch;
  std::int64_t inputs;
  std::int64_t outputs;
};
constexpr Layer kLayers[] = {
    {"square 1024", 1024, 1024, 1024},
    {"square 2048", 2048, 2048, 2048},
    {"mnist 1", 256, 784, 1024},
    {"mnist 2", 256, 1024, 1024},
    {"mnist logits", 256, 1024, 10},
    {"higgs 1", 1024, 28, 300},
    {"higgs 2", 1024, 300, 300},
    {"higgs logits", 1024, 300, 2},
    {"iris 1", 100, 4, 10},
    {"iris 2", 100, 10, 10},
    {"iris logits", 100, 10, 3},
    {"one row", 1, 1024, 1024},
};

struct Machine {
  double flops;
};

void report_product(const KernelTable& table, const Layer& layer, const char* product,
                    const Machine& machine, const Timing& t) {
  const double flops = 2.0 * static_cast<double>(layer.batch * layer.inputs * layer.outputs);
  std::printf("%-7s %-13s %5ld x %4ld x %4ld  %-11s %11.2f us  +-%4.1f%% %8.1f GFLOP/s", table.isa,
              layer.name, static_cast<long>(layer.batch), static_cast<long>(layer.inputs),
              static_cast<long>(layer.outputs), product, t.median * 1e6, t.spread * 100,
              flops / t.median * 1e-9);
  if (machine.flops > 0) std::printf("  %.3f of FMA peak", flops / t.median / machine.flops);
  std::printf("\n");
}

// The element (i, j) of a product as the definition has it: one chain of FMAs.
float chain(const float* a, std::int64_t a_stride, const float* b, std::int64_t b_stride,
            std::int64_t steps) {
  float sum = 0;
  for (std::int64_t k = 0; k < steps; ++k) sum = std::fma(a[k * a_stride], b[k * b_stride], sum);
  return sum;
}

void bench_layer(const KernelTable& table, const Layer& l, const Machine& machine) {
  const Buffer x(l.batch * l.inputs);
  const Buffer w(l.inputs * l.outputs);
  const Buffer bias(l.outputs);
  const Buffer y(l.batch * l.outputs);
  const Buffer dy(l.batch * l.outputs);
  const Buffer dx(l.batch * l.inputs);
  const Buffer accumulator(l.inputs * l.outputs, 1.0f);
  const auto workspace_floats = std::max({
      table.dense_workspace_floats(l.batch, l.inputs, l.outputs),
      table.dense_workspace_floats(l.batch, l.outputs, l.inputs),
      table.dense_workspace_floats(l.inputs, l.batch, l.outputs),
  });
  const Buffer workspace(workspace_floats);
  const ConstMatrix x_view{x.data(), l.batch, l.inputs, l.inputs};
  const ConstMatrix w_view{w.data(), l.inputs, l.outputs, l.outputs};
  const ConstMatrix dy_view{dy.data(), l.batch, l.outputs, l.outputs};
  const std::int64_t i = l.batch / 2;  // the element that is checked
  const std::int64_t j = l.outputs - 1;
  const std::int64_t k = l.inputs - 1;

  const DenseForwardArgs forward{x_view,
                                 w_view,
                                 bias.data(),
                                 Activation::kRelu,
                                 0,
                                 {y.data(), l.batch, l.outputs, l.outputs},
                                 workspace.data()};
  table.dense_forward(forward);
  const float sum = chain(x.data() + i * l.inputs, 1, w.data() + j, l.outputs, l.inputs);
  check(y.data()[i * l.outputs + j] == std::max(sum + bias.data()[j], 0.0f), "dense_forward");
  report_product(table, l, "forward", machine, time_calls([&] { table.dense_forward(forward); }));

  // Of a layer above a ReLU: x plays the output of that.
  const DenseGradInputArgs grad_input{dy_view,
                                      w_view,
                                      Activation::kRelu,
                                      0,
                                      x_view,
                                      {dx.data(), l.batch, l.inputs, l.inputs},
                                      workspace.data()};
  table.dense_grad_input(grad_input);
  const float dsum = chain(dy.data() + i * l.outputs, 1, w.data() + k * l.outputs, 1, l.outputs);
  check(dx.data()[i * l.inputs + k] == (x.data()[i * l.inputs + k] > 0 ? dsum : 0.0f),
        "dense_grad_input");
  report_product(table, l, "grad_input", machine,
                 time_calls([&] { table.dense_grad_input(grad_input); }));

  // A learning rate of 0 while timing keeps the weights what they are.
  DenseGradKernelArgs grad_kernel{x_view,
                                  dy_view,
                                  Update::kNone,
                                  0.0f,
                                  {w.data(), l.inputs, l.outputs, l.outputs},
                                  accumulator.data(),
                                  workspace.data()};
  grad_kernel.out.data = dx.data();  // large enough for a check where batch >= outputs
  if (l.batch >= l.outputs) {
    table.dense_grad_kernel(grad_kernel);
    check(dx.data()[k * l.outputs + j] ==
              chain(x.data() + k, l.inputs, dy.data() + j, l.outputs, l.batch),
          "dense_grad_kernel");
  }
  grad_kernel.out.data = w.data();
  grad_kernel.update = Update::kAdagrad;
  report_product(table, l, "grad+adagrad", machine,
                 time_calls([&] { table.dense_grad_kernel(grad_kernel); }));
}

void bench_small_loss(const KernelTable& table) {
  constexpr std::int64_t kRows = 100;  // an Iris batch
  constexpr std::int64_t kClasses = 3;
  const Buffer x(kRows * kClasses);
  const Buffer y(kRows * kClasses);
  const Buffer z(kRows, 1.0f);
  const std::int64_t labels[kRows] = {};
  const ConstMatrix logits{x.data(), kRows, kClasses, kClasses};
  const Matrix dlogits{y.data(), kRows, kClasses, kClasses};
  const auto microseconds = [&](const SparseSoftmaxCrossEntropyArgs& args) {
    return time_calls([&] { table.sparse_softmax_cross_entropy(args); }).median * 1e6;
  };
  std::printf("%-7s iris loss %.2f us, its gradient %.2f us, both %.2f us\n", table.isa,
              microseconds({logits, labels, z.data()}),
              microseconds({logits, labels, nullptr, dlogits, z.data()}),
              microseconds({logits, labels, z.data(), dlogits}));
}

int run(int count, char** names) {
  print_head("kernels_bench", 1);
  const TableList list = runnable_tables();
  for (int t = list.count - 1; t >= 0; --t) {
    const KernelTable& table = *list.tables[t];
    bool wanted = count == 0 && std::strcmp(table.isa, "scalar") != 0;
    for (int i = 0; i < count; ++i) wanted = wanted || std::strcmp(names[i], table.isa) == 0;
    if (!wanted) continue;
    for (const Layer& layer : kLayers) {
      // Measured anew for each layer: the clock of a shared machine wanders.
      bench_layer(table, layer, {peak_flops(table.isa)});
    }
    std::printf("%-7s FMA peak %.1f GFLOP/s\n", table.isa, peak_flops(table.isa) * 1e-9);
    bench_small_loss(table);
  }
  return 0;
}

}  // namespace
}  // namespace holdfast::bench

int main(int argc, char** argv) { return holdfast::bench::run(argc - 1, argv + 1); }
