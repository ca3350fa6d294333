# The one place with instruction-set flags. Each ISA file is compiled for its ISA; everything else for
# the baseline of the architecture, so that the library starts on any machine and chooses at run time.
#
# The scalar table and the dispatcher are compiled for the baseline too. -ffp-contract=off (on the
# target) keeps every multiplication and addition as written; FMA happens where V::fma stands.
target_sources(holdfast PRIVATE
  src/kernels/dispatch.cpp
  src/kernels/scalar.cpp)
# Where FMAs are emulated there is no speed to be had from unrolling: 300 KB become half.
set_source_files_properties(src/kernels/scalar.cpp PROPERTIES
  COMPILE_OPTIONS "$<$<CONFIG:Release>:-Os>")

# One architecture at a time: a universal macOS build would need one library for each.
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|amd64)$")
  target_sources(holdfast PRIVATE src/kernels/avx2.cpp src/kernels/avx512.cpp)
  # GCC 12's own AVX-512 headers set off its uninitialized-variable warnings (GCC bug 105593).
  set(HOLDFAST_QUIET_INTRINSICS "")
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    set(HOLDFAST_QUIET_INTRINSICS "-Wno-uninitialized;-Wno-maybe-uninitialized")
  endif()
  # prfchw: what is written is fetched for writing. Every processor with AVX2 takes the instruction.
  set_source_files_properties(src/kernels/avx2.cpp PROPERTIES
    COMPILE_OPTIONS "-mavx2;-mfma;-mprfchw")
  set_source_files_properties(src/kernels/avx512.cpp PROPERTIES COMPILE_OPTIONS
    "-mavx512f;-mavx512bw;-mavx512dq;-mavx512vl;-mfma;-mprfchw;${HOLDFAST_QUIET_INTRINSICS}")
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64|ARM64)$")
  target_sources(holdfast PRIVATE src/kernels/neon.cpp)
endif()
