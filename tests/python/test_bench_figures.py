"""Benchmarks: growth curves and the roofline. Nothing is timed; numbers are worked out here."""

from __future__ import annotations

import growth
import pytest
import roofline
import workloads

BY_KEY = {workload.key: workload for workload in workloads.WORKLOADS}
TINY = workloads.Workload("tiny", "tiny", 3, (5,), 2, 30, 20, 0.01)


def test_growth_changes_one_number_at_a_time() -> None:
    by_key = {curve.key: curve for curve in growth.curves(quick=False, cores=6)}
    assert by_key["batch"].workload(65_536).rows == 65_536
    assert by_key["batch"].workload(1).rows == growth.BASE.rows
    assert by_key["width"].workload(8).sizes == [128, 8, 8, 10]
    assert by_key["depth"].workload(3).sizes == [128, 128, 128, 128, 10]
    assert by_key["table"].workload(1000).sizes == [128 + 8, 256, 256, 10]
    assert by_key["mnist"].points == (1, 2, 4, 6)
    assert by_key["table"].points[-1] == 10_000_000
    assert max(c.points[-1] for c in growth.curves(True, 2) if c.key == "table") == 1_000_000


LINES_OF_KERNELS = """kernels_bench, holdfast 0.1.0, a processor, threads 1
avx2    mnist 1         256 x  784 x 1024  forward         4751.42 us  +- 4.7%     86.5 GFLOP/s  0.849 of FMA peak
avx2    mnist logits    256 x 1024 x   10  grad+adagrad      100.00 us  +- 4.7%     42.9 GFLOP/s  0.421 of FMA peak
scalar  mnist 1         256 x  784 x 1024  forward        47510.42 us  +- 4.7%      8.6 GFLOP/s
avx2    adagrad_update                  0.740 ns an element  +- 8.5%    27.0 GB/s  1.022 of bandwidth
avx2    tanh in place                   0.848 ns an element  +- 1.1%     9.4 GB/s  0.357 of bandwidth
avx2    adagrad_update           1 thread   0.700 ns an element +-  5%   25.1 GB/s of  25.4: 0.99
avx2    adagrad_update           2 threads  0.400 ns an element +-  5%   47.0 GB/s of  47.6: 0.99
"""  # noqa: E501 - lines as the programs print them


def test_lines_of_the_kernel_benchmarks_become_points() -> None:
    points = roofline.read(LINES_OF_KERNELS, "avx2")
    assert [(point.name, point.kernel) for point in points] == [
        ("mnist 1", "forward"),
        ("mnist logits", "grad+adagrad"),
        ("64 MiB", "adagrad_update"),
    ]
    product, update = points[1:]
    assert product.speed == pytest.approx(2 * 256 * 1024 * 10 / 100e-6)
    # The line on one thread that came last: 6 operations and 20 bytes in 0.7 ns.
    assert update.speed == pytest.approx(6 / 0.7e-9)
    assert update.intensity == pytest.approx(0.3)


def test_the_roof_is_the_lower_of_two_limits() -> None:
    roof = roofline.Roof(flops=100e9, bandwidth=25e9)
    assert (roof.at(0.3), roof.at(4.0), roof.at(40.0)) == (7.5e9, 100e9, 100e9)


def test_bytes_of_a_product_count_each_operand_once() -> None:
    # x 6, w 12, y 8 floats; backwards dy 8, w 12, x 6, dx 6; with update x 6, dy 8, 4 times 12.
    assert roofline.bytes_of("forward", 2, 3, 4) == 4 * 26
    assert roofline.bytes_of("grad_input", 2, 3, 4) == 4 * 32
    assert roofline.bytes_of("grad+adagrad", 2, 3, 4) == 4 * 62
