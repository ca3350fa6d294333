// The contracts of the compute kernels. One KernelTable for each instruction set; all tables give
// the same bits, because every output element is accumulated in one fixed order (design.md, section
// 4).
//
// A kernel runs on the calling thread, allocates nothing and throws nothing. Callers split work
// over outputs by passing views of parts of the outputs; a result never depends on the split.
#pragma once

#include <cstddef>
#include <cstdint>

namespace holdfast::kernels {

// Row-major views of float32: element (i, j) is data[i * stride + j]. stride >= cols.
struct ConstMatrix {
  const float* data;
  std::int64_t rows;
  std::int64_t cols;
  std::int64_t stride;
};
struct Matrix {
  float* data;
  std::int64_t rows;
  std::int64_t cols;
  std::int64_t stride;
};

enum class Activation : std::int32_t {
  kLinear,
  kRelu,       // max(x, 0)
  kRelu6,      // min(max(x, 0), 6)
  kLeakyRelu,  // x > 0 ? x : alpha * x
  kElu,        // x > 0 ? x : exp(x) - 1
  kSelu,       // scale * (x > 0 ? x : selu_alpha * (exp(x) - 1)); Klambauer et al. 2017
  kTanh,
  kSigmoid,
  kSoftplus,  // log(1 + exp(x))
  kSoftsign,  // x / (1 + |x|)
};

// How a weight gradient that nothing else needs is used up where it is made.
enum class Update : std::int32_t {
  kNone,             // store the gradient
  kGradientDescent,  // w -= lr * g
  kAdagrad,          // a += g * g;  w -= lr * g / sqrt(a)
};

// y[i, j] = act(sum over k of x[i, k] * w[k, j], then + bias[j]), k ascending.   y is x.rows x
// w.cols.
struct DenseForwardArgs {
  ConstMatrix x;
  ConstMatrix w;
  const float* bias;  // w.cols floats, or nullptr
  Activation activation;
  float alpha;  // of kLeakyRelu
  Matrix y;
  float* workspace;  // dense_workspace_floats(x.rows, w.rows, w.cols) floats, 64-byte aligned
};

// dx[i, k] = (sum over j of dy[i, j] * w[k, j]) * act'(input_activation), j ascending.   dx is
// dy.rows x w.rows. `y_below` is the output of the activation that made x; nullptr when activation
// is kLinear.
struct DenseGradInputArgs {
  ConstMatrix dy;
  ConstMatrix w;
  Activation activation;
  float alpha;
  ConstMatrix y_below;  // same shape as dx; data may be nullptr with kLinear
  Matrix dx;
  float* workspace;  // dense_workspace_floats(dy.rows, w.cols, w.rows)
};

// g[k, j] = sum over i of x[i, k] * dy[i, j], i ascending.   g is x.cols x dy.cols.
// update == kNone stores g in `out`; else `out` is the weight, changed in place, and `accumulator`
// (kAdagrad only, same shape and stride as out) changes with it.
struct DenseGradKernelArgs {
  ConstMatrix x;
  ConstMatrix dy;
  Update update;
  float learning_rate;
  Matrix out;
  float* accumulator;
  float* workspace;  // dense_workspace_floats(x.cols, x.rows, dy.cols)
};

// Softmax cross-entropy of logits [rows, classes] against class ids.
//   loss[i] = log(sum over c of exp(z[i, c])) - z[i, label[i]], computed after subtracting the
//   row's maximum;
//   dz[i, c] = dloss[i] * (softmax(z)[i, c] - (c == label[i])).
struct SparseSoftmaxCrossEntropyArgs {
  ConstMatrix logits;
  const std::int64_t* labels;    // rows ids in [0, classes): the caller has checked
  float* loss = nullptr;         // rows; nullptr: not wanted
  Matrix dlogits = {};           // data nullptr: not wanted
  const float* dloss = nullptr;  // rows; nullptr: ones
};

// Against dense target distributions:  loss[i] = sum over c of t[i, c] * (logsumexp(z[i]) - z[i,
// c]).
struct SoftmaxCrossEntropyArgs {
  ConstMatrix logits;
  ConstMatrix targets;
  float* loss;
};
//   dz[i, c] = dloss[i] * (softmax(z)[i, c] * sum_c(t[i]) - t[i, c])
struct SoftmaxCrossEntropyGradArgs {
  ConstMatrix logits;
  ConstMatrix targets;
  const float* dloss;
  Matrix dlogits;
};

// Inverted dropout of elements first .. first + n of a tensor: element e keeps its value scaled by
// 1 / (1 - rate) when uniform(philox(key, e / 4, counter_high)[e % 4]) >= rate, and is 0 otherwise.
// The same call on a gradient is its backward pass.
struct DropoutArgs {
  const float* x;
  float* y;
  std::int64_t n;
  std::int64_t first;  // index of x[0] in the whole tensor; a multiple of 4
  std::uint64_t key;
  std::uint64_t counter_high;  // the training step
  float rate;                  // in [0, 1)
};

// Adagrad, in place, for i < n:   a[i] += g[i] * g[i];   w[i] -= lr * g[i] / sqrt(a[i]).
// Source: Duchi, Hazan, Singer, JMLR 12 (2011), diagonal form; no epsilon, as TF 1.x
// AdagradOptimizer.
struct AdagradArgs {
  float* w;
  float* a;
  const float* g;
  std::int64_t n;
  float learning_rate;
};

// Rows of a table by number, added.  A cell c of batch row i is i * cells .. (i + 1) * cells - 1:
//   y[i, j] = sum over the cells c of row i of scales[c] * table[rows[c], j], c ascending.
// Cells whose row is negative are left out; 0 where none is left.
struct PoolRowsArgs {
  const float* table;        // rows of y.cols floats, one behind the other
  const std::int64_t* rows;  // y.rows * cells numbers: in the table, or negative
  std::int64_t cells;        // of each row of y
  const float* scales;       // y.rows * cells; nullptr: all 1
  Matrix y;
};

// The way back, for the rows that a batch named. Group u has the cells first[u], next[first[u]],
// ... up to a negative one, in ascending order, and is of row r = rows[u]; no two groups are of one
// row.
//   g[u, j] = sum over the cells c of group u of scales[c] * dy[c / cells, j]
// update == kNone stores g[u] as row r of `out`; else `out` is the variable and its row r changes,
// as do the same places of `accumulator` (kAdagrad only). Other rows are not touched.
struct UpdateRowsArgs {
  ConstMatrix dy;
  std::int64_t cells;  // of each row of dy; 1 or more
  const float* scales;
  const std::int32_t* first;  // of each group
  const std::int32_t* next;   // of each cell
  const std::int64_t* rows;   // of each group
  std::int64_t groups;
  Update update;
  float learning_rate;
  float* out;
  float* accumulator;
};

enum class Unary : std::int32_t { kExp, kLog, kTanh, kSigmoid, kSoftplus, kSqrt };

struct KernelTable {
  const char* isa;   // "scalar", "avx2", "avx512", "neon"
  int vector_width;  // floats in a register

  // Floats of workspace for a product whose output is m x n and whose summed axis has k elements.
  std::int64_t (*dense_workspace_floats)(std::int64_t m, std::int64_t k, std::int64_t n) noexcept;
  void (*dense_forward)(const DenseForwardArgs& args) noexcept;
  void (*dense_grad_input)(const DenseGradInputArgs& args) noexcept;
  void (*dense_grad_kernel)(const DenseGradKernelArgs& args) noexcept;
  // sums[j] = sum over i of x[i, j], i ascending.
  void (*column_sums)(const ConstMatrix& x, float* sums) noexcept;

  // y[i] = act(x[i]);  dx[i] = dy[i] * act'(.), the derivative written in terms of y = act(x). y
  // may be x, dx may be dy.
  void (*activation_forward)(Activation activation, float alpha, const float* x, float* y,
                             std::int64_t n) noexcept;
  void (*activation_backward)(Activation activation, float alpha, const float* y, const float* dy,
                              float* dx, std::int64_t n) noexcept;
  // At most 2 ULP from the float64 value over the whole range, exact at the special values.
  void (*unary)(Unary op, const float* x, float* y, std::int64_t n) noexcept;
  // Sum of n floats by the fixed 16-lane tree: lane l adds x[l], x[l + 16], ...; then lanes fold 8,
  // 4, 2, 1.
  float (*sum)(const float* x, std::int64_t n) noexcept;

  void (*softmax)(const ConstMatrix& x, const Matrix& y) noexcept;
  void (*log_softmax)(const ConstMatrix& x, const Matrix& y) noexcept;
  void (*sparse_softmax_cross_entropy)(const SparseSoftmaxCrossEntropyArgs& args) noexcept;
  void (*softmax_cross_entropy)(const SoftmaxCrossEntropyArgs& args) noexcept;
  void (*softmax_cross_entropy_grad)(const SoftmaxCrossEntropyGradArgs& args) noexcept;
  // loss = max(z, 0) - z * t + log(1 + exp(-|z|));  dz = dloss * (sigmoid(z) - t)
  void (*sigmoid_cross_entropy)(const float* logits, const float* targets, float* loss,
                                std::int64_t n) noexcept;
  void (*sigmoid_cross_entropy_grad)(const float* logits, const float* targets, const float* dloss,
                                     float* dlogits, std::int64_t n) noexcept;

  void (*dropout)(const DropoutArgs& args) noexcept;
  void (*adagrad_update)(const AdagradArgs& args) noexcept;
  // w[i] -= lr * g[i]
  void (*gradient_descent_update)(float* w, const float* g, std::int64_t n,
                                  float learning_rate) noexcept;
  void (*pool_rows)(const PoolRowsArgs& args) noexcept;
  void (*update_rows)(const UpdateRowsArgs& args) noexcept;
};

// The table for this machine, chosen at first use; HOLDFAST_ISA=scalar|avx2|avx512|neon overrides
// it. Throws: Error{kInvalidArgument} naming the tables this machine can run, when the override is
// none of them.
const KernelTable& table();
// The tables this machine can run, best last. For tests and benches.
struct TableList {
  const KernelTable* const* tables;
  int count;
};
TableList runnable_tables() noexcept;
// Chooses a table by name for this process from now on (tests). Throws as table() does.
void choose_table(const char* isa);

}  // namespace holdfast::kernels
