#!/usr/bin/env bash
# The NEON kernels on any machine: `bash tests/neon.sh [argument of the test program ...]`.
#
# Builds the kernels and their C++ tests for AArch64 and runs them under qemu. They compare the NEON
# table with the scalar one and with naive loops, and all bits with hashes that x86-64 gives too.
# Needs: apt install g++-aarch64-linux-gnu qemu-user libgtest-dev cmake ninja-build
set -euo pipefail
cd "$(dirname "$0")/.."

for program in aarch64-linux-gnu-g++ qemu-aarch64; do
  command -v "$program" >/dev/null && continue
  echo "$program: expected it on the PATH; found none; apt install g++-aarch64-linux-gnu qemu-user" >&2
  exit 1
done

build=${HOLDFAST_NEON_BUILD:-build/neon}
cmake -S . -B "$build" -G Ninja -DCMAKE_TOOLCHAIN_FILE="$PWD/cpp/cmake/aarch64.cmake" \
  -DHOLDFAST_BUILD_PYTHON=OFF -DHOLDFAST_BUILD_BENCH=OFF -DHOLDFAST_BUILD_EXAMPLES=OFF \
  -DHOLDFAST_WERROR=ON -Wno-deprecated -DPython_EXECUTABLE="$(command -v python3)" >/dev/null
cmake --build "$build" --target holdfast_kernel_tests
# Under qemu-user 7.2 the child of a fork of a program with threads fails an assertion of qemu itself.
qemu-aarch64 -L /usr/aarch64-linux-gnu "$build/tests/cpp/holdfast_kernel_tests" --gtest_brief=1 \
  --gtest_filter=-ThreadPool.WorksInAForkedChild "$@"
