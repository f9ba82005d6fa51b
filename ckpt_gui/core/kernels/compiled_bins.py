"""Counting between edges, as machine code. As in ``compiled``, loops are long because a call within them would cost."""

from __future__ import annotations

import numpy as np
from numba import float64, uint32, uint64

from ckpt_gui.core.kernels.compiled import compile_lazily


@compile_lazily
def bins_pass(x, cells, shift, first_bin, edges, counts):
    """Count finite values between edges: ``counts[0]`` under the first, ``counts[i]`` in bin i, the last over the last.

    ``first_bin`` says for each cell (the bits' top) where its lowest value belongs, -1 for non-finite ones; from there
    it is a step or none. The last bin holds its upper edge too.
    """
    last = edges.size - 1
    for i in range(x.size):
        place = first_bin[cells[i] >> shift]
        if place < 0:
            continue
        value = float64(x[i])
        while place <= last and value >= edges[place]:
            place += 1
        if place == last + 1 and value == edges[last]:
            place = last
        counts[place] += 1


@compile_lazily
def bins_once(x, cells, shift, first_bin, upper, counts):
    """The same where no cell holds more than one edge: one comparison an element, and four tables by turns.

    ``first_bin`` gives non-finite values a place of their own, the last; ``upper`` is each place’s upper edge, NaN of
    the last, for even +Inf is to stay there.
    """
    tables = np.zeros((4, counts.size), np.uint32)
    first, second, third, fourth = tables[0], tables[1], tables[2], tables[3]
    quarter = x.size // 4
    for i in range(quarter):
        a = uint64(first_bin[cells[4 * i] >> shift])
        b = uint64(first_bin[cells[4 * i + 1] >> shift])
        c = uint64(first_bin[cells[4 * i + 2] >> shift])
        d = uint64(first_bin[cells[4 * i + 3] >> shift])
        a += uint64(float64(x[4 * i]) >= upper[a])
        b += uint64(float64(x[4 * i + 1]) >= upper[b])
        c += uint64(float64(x[4 * i + 2]) >= upper[c])
        d += uint64(float64(x[4 * i + 3]) >= upper[d])
        first[a] += uint32(1)
        second[b] += uint32(1)
        third[c] += uint32(1)
        fourth[d] += uint32(1)
    for i in range(4 * quarter, x.size):
        a = uint64(first_bin[cells[i] >> shift])
        a += uint64(float64(x[i]) >= upper[a])
        first[a] += uint32(1)
    for place in range(counts.size):
        counts[place] += first[place] + second[place] + third[place] + fourth[place]
