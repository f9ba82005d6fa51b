"""Two tensors' values side by side, as machine code: what differs, how much and where.

As in ``compiled``: blocks that stay in the first-level cache, vectorized loops without a branch, and a
slow path a block for what is rare. A block's sums tell by themselves whether NaN or Inf took part.
"""

from __future__ import annotations

import numpy as np
from numba import float64, int64, uint32

from ckpt_gui.core.kernels.compiled import BLOCK, compile_lazily

# Places in the array of whole numbers, and in that of sums, that every comparison keeps.
TAKEN, CHANGED, FLIPS, NAN_LEFT, NAN_RIGHT, INF_LEFT, INF_RIGHT, BEYOND, OTHER_BITS, AT_MAX, BOTH = range(11)
MAX, SUM, SQUARES, LEFT, RIGHT, PRODUCT = range(6)


@compile_lazily
def equal_bits(a, b):
    """Whether two blocks of equal words are the same; looks at 4,096 words at a time."""
    for start in range(0, a.size, BLOCK):
        stop = min(a.size, start + BLOCK)
        u, v = a[start:stop], b[start:stop]
        apart = u[0] ^ v[0]
        for i in range(u.size):
            apart |= u[i] ^ v[i]
        if apart:
            return False
    return True


@compile_lazily
def squares(v):
    """Sum of squares; not finite if a value is not."""
    total = 0.0
    for i in range(v.size):
        x = float64(v[i])
        total += x * x
    return total


@compile_lazily
def widen_bfloat16(bits, out):
    """float32 patterns of bfloat16 patterns."""
    for i in range(bits.size):
        out[i] = uint32(bits[i]) << uint32(16)


@compile_lazily
def look_up(patterns, table, out):
    """The value of each pattern."""
    for i in range(patterns.size):
        out[i] = table[patterns[i]]


@compile_lazily
def _sums(a, b, rtol, atol):
    most, total, apart, left, right, product = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    changed, beyond, flips = 0, 0, 0
    for i in range(a.size):
        x, y = float64(a[i]), float64(b[i])
        d = y - x
        size = abs(d)
        most = size if size > most else most
        total += size
        apart += d * d
        left += x * x
        right += y * y
        product += x * y
        changed += x != y
        beyond += size > atol + rtol * abs(x)
        flips += x * y < 0
    return most, total, apart, left, right, product, changed, beyond, flips


@compile_lazily
def compare(a, b, rtol, atol, k, f):
    """Floats of one type, those of the left and of the right side, into the counters ``k`` and sums ``f``."""
    for start in range(0, a.size, BLOCK):
        stop = min(a.size, start + BLOCK)
        x, y = a[start:stop], b[start:stop]
        most, total, apart, left, right, product, changed, beyond, flips = _sums(x, y, rtol, atol)
        if left + right < np.inf:  # false for NaN as well
            if most > f[MAX] or (changed and k[AT_MAX] < 0):
                k[AT_MAX] = k[TAKEN] + _at(x, y, most)
                f[MAX] = most
            f[SUM] += total
            f[SQUARES] += apart
            f[LEFT] += left
            f[RIGHT] += right
            f[PRODUCT] += product
            k[CHANGED] += changed
            k[BEYOND] += beyond
            k[FLIPS] += flips
            k[BOTH] += x.size
        else:
            _slow(x, y, rtol, atol, k, f)
        k[TAKEN] += x.size


@compile_lazily
def _at(a, b, most):
    for i in range(a.size):
        if abs(float64(b[i]) - float64(a[i])) == most:
            return i
    return -1


@compile_lazily
def _slow(a, b, rtol, atol, k, f):
    """A block in which something is NaN or Inf (or has no square): one element after the other."""
    for i in range(a.size):
        x, y = float64(a[i]), float64(b[i])
        if np.isfinite(x) and np.isfinite(y):
            d = y - x
            if abs(d) > f[MAX] or (x != y and k[AT_MAX] < 0):
                k[AT_MAX] = k[TAKEN] + i
                f[MAX] = max(f[MAX], abs(d))
            f[SUM] += abs(d)
            f[SQUARES] += d * d
            f[LEFT] += x * x
            f[RIGHT] += y * y
            f[PRODUCT] += x * y
            k[CHANGED] += x != y
            k[BEYOND] += abs(d) > atol + rtol * abs(x)
            k[FLIPS] += (x < 0 < y) or (y < 0 < x)
            k[BOTH] += 1
        elif not (x == y or (np.isnan(x) and np.isnan(y))):
            k[CHANGED] += 1
            k[BEYOND] += 1
            k[NAN_LEFT] += np.isnan(x) and not np.isnan(y)
            k[NAN_RIGHT] += np.isnan(y) and not np.isnan(x)
            k[INF_LEFT] += np.isinf(x)
            k[INF_RIGHT] += np.isinf(y)


@compile_lazily
def other_bits(a, b, x, y):
    """How many patterns differ although the values may be equal, but for two NaN."""
    count = int64(0)
    for i in range(a.size):
        if a[i] != b[i] and not (x[i] != x[i] and y[i] != y[i]):
            count += 1
    return count
