// Every public header, in an application that uses nothing else. Alphabetical: each stands on its
// own.
#include <holdfast/c_api.h>
#include <holdfast/checkpoint.h>
#include <holdfast/dataset.h>
#include <holdfast/error.h>
#include <holdfast/export.h>
#include <holdfast/graph.h>
#include <holdfast/input.h>
#include <holdfast/layers.h>
#include <holdfast/losses.h>
#include <holdfast/model.h>
#include <holdfast/optimizers.h>
#include <holdfast/saved_model.h>
#include <holdfast/summary.h>
#include <holdfast/tensor.h>
#include <holdfast/trainer.h>
#include <holdfast/version.h>

#include <cstdio>

int main() {
  std::printf("%s %s\n", holdfast::version(), holdfast_version());
  return 0;
}
