// Trains ten steps on rows of its own and goes on from a checkpoint: train MODEL_DIR
#include <holdfast/checkpoint.h>
#include <holdfast/dataset.h>
#include <holdfast/layers.h>
#include <holdfast/losses.h>
#include <holdfast/optimizers.h>
#include <holdfast/trainer.h>

#include <cstdio>

namespace {

// Rows (x, 2 x + 1) for x = 0, 0.25, 0.5, ... below 4. A class of this program, called by the
// library.
class Line final : public holdfast::RowReader {
 public:
  bool next(std::vector<holdfast::Tensor>& row) override {
    if (at_ == 16) return false;
    const float x = 0.25f * static_cast<float>(at_++);
    for (const float value : {x, 2.0f * x + 1.0f}) {
      row.emplace_back(holdfast::DType::kFloat32, holdfast::Shape{1});
      row.back().data<float>()[0] = value;
    }
    row.erase(row.begin(), row.end() - 2);
    return true;
  }

 private:
  int at_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  holdfast::Graph graph;
  const auto x = placeholder(graph, "x", holdfast::DType::kFloat32, {-1, 1});
  const auto y = placeholder(graph, "y", holdfast::DType::kFloat32, {-1, 1});
  const auto loss = mean_squared_error(graph, y, dense(graph, x, 1, "line"));
  const auto step = minimize(graph, loss, holdfast::AdagradOptimizer{0.5});
  const holdfast::TensorType number = {holdfast::DType::kFloat32, {1}};
  const auto batches =
      holdfast::Dataset::from_generator([] { return std::make_unique<Line>(); }, {number, number})
          .repeat()
          .batch(8);

  holdfast::Trainer trainer(graph, {/*seed=*/3});
  trainer.set_input(batches.make_input(trainer.seed()), {x, y});
  const auto first = trainer.run(1, {step}, {}, loss);
  trainer.run(4, {step}, {}, loss);
  holdfast::CheckpointWriter(argv[1]).save(trainer.contents());

  const auto reader = holdfast::CheckpointReader::open_latest(argv[1]);
  holdfast::Trainer other(graph);
  other.restore(reader);
  other.set_input(batches.make_input(other.seed()), {x, y});
  other.resume_input(reader);
  const auto last = other.run(5, {step}, {}, loss);
  std::printf("step %d, loss fell: %s, seed %d\n", static_cast<int>(other.global_step()),
              last.watched < first.watched ? "yes" : "no", static_cast<int>(other.seed()));
  return 0;
}
