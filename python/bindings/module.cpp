// The table of contents of holdfast._core.
#include "bindings.h"
#include "holdfast/version.h"

PYBIND11_MODULE(_core, module) {
  using namespace holdfast::python;
  module.def("version", &holdfast::version);
  bind_errors(module);
  bind_text_files(module);
  bind_dataset(module);
  bind_checkpoint(module);
  bind_graph(module);
  bind_summary(module);
  bind_trainer(module);
  bind_model(module);
}
