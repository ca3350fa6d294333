// What a Model holds. Used by model.cpp and predictor.cpp; nothing changes once it is loaded, but
// the plans, which are lent.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "api/load_model.h"
#include "api/plan_pool.h"
#include "base/thread_pool.h"
#include "holdfast/model.h"
#include "runtime/program.h"
#include "runtime/state.h"

namespace holdfast {

struct HOLDFAST_LOCAL Model::Impl {
  Impl(LoadedModel loaded, int thread_count);

  // Throws: NotFound listing the names.
  std::size_t index_of(const std::string& name) const;
  // A program that computes those nodes. Throws: InvalidArgument where the shapes do not fit the
  // signature or each other; ResourceExhausted where values would take more memory than there is.
  Program plan(const Signature& signature, const std::vector<NodeId>& outputs,
               const std::vector<Shape>& shapes, int threads) const;
  RunContext context(ThreadPool& workers) const noexcept {
    return {workers, model.seed, model.global_step};
  }

  LoadedModel model;
  std::size_t default_signature;  // index; signatures.size(): there is none
  int threads;
  // Programs take a State that they could write to; check_reads_only() has passed.
  mutable State state;
  mutable ThreadPool pool;            // a call that finds it busy computes on its own thread
  std::unique_ptr<PlanPool[]> plans;  // by signature
};

// An input that does not fit. Throws: InvalidArgument naming signature and input.
[[noreturn]] void bad_input(const Signature& signature, const SignatureTensor& input,
                            const std::string& expected, const std::string& found);

}  // namespace holdfast
