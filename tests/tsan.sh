#!/usr/bin/env bash
# Training steps on several threads, and eight threads predicting from one model, under
# ThreadSanitizer: `bash tests/tsan.sh [argument of the test program ...]`. Any report is a failure.
set -euo pipefail
cd "$(dirname "$0")/.."

build=${HOLDFAST_TSAN_BUILD:-build/tsan}
cmake -S . -B "$build" -G Ninja -DHOLDFAST_BUILD_PYTHON=OFF -DHOLDFAST_BUILD_BENCH=OFF \
  -DHOLDFAST_BUILD_EXAMPLES=OFF -DHOLDFAST_SANITIZE=thread -DCMAKE_BUILD_TYPE=RelWithDebInfo \
  -DCMAKE_CXX_FLAGS_RELWITHDEBINFO='-O1 -g1' -DPython_EXECUTABLE="$(command -v python3)" >/dev/null
cmake --build "$build" --target holdfast_thread_tests

# GCC 12's runtime refuses the memory layouts that recent kernels make at random.
run=()
if setarch -R true 2>/dev/null; then run=(setarch -R); fi
# ThreadSanitizer ends a forked child that starts threads, as that test does.
TSAN_OPTIONS='halt_on_error=1 exitcode=66' \
  "${run[@]}" "$build/tests/cpp/holdfast_thread_tests" --gtest_brief=1 \
  --gtest_filter=-ThreadPool.WorksInAForkedChild "$@"
