"""float32 made narrower, and what that loses, as machine code.

As in ``compiled``: blocks that stay in the first-level cache, loops without a branch, a slow path a block for what is
rare. Floats are written to a small array and looked at as integers: non-negative floats sort as their bits do, and
a maximum of integers is one instruction where that of floats is a loop. Bits of NaN and Inf are above all others,
so the greatest error tells by itself whether one took part.
"""

from __future__ import annotations

import numpy as np
from numba import float32, float64, int32, int64, uint16, uint32

from ckpt_gui.core.kernels.compiled import BLOCK, compile_lazily

INFINITY = 0x7F800000
# Places in the array of whole numbers, and in that of sums, that every pass keeps.
TAKEN, NAN, INFINITE, OVERFLOW, UNDERFLOW, SUBNORMAL, FINITE, AT_MAX, BITS_MAX, BITS_RELATIVE = range(10)
LARGEST, SUM, MAX, RELATIVE = range(4)


@compile_lazily
def narrow_bfloat16(bits, out):
    """bfloat16 patterns of float32 patterns, to nearest even; of any NaN torch's 0xFFFF."""
    for i in range(bits.size):
        b = bits[i]
        rounded = (b + uint32(0x7FFF) + ((b >> uint32(16)) & uint32(1))) >> uint32(16)
        out[i] = uint16(rounded if (b & uint32(0x7FFFFFFF)) <= uint32(0x7F800000) else uint32(0xFFFF))


@compile_lazily
def narrow_float16(bits, out):
    """float16 patterns of float32 patterns, to nearest even; a NaN is made quiet and keeps the top of its payload.

    Below float16's normal numbers 0.5 is added: the sum's last bit is worth as much as that of a subnormal float16,
    so the processor does the rounding.
    """
    low = np.empty(BLOCK, np.float32)
    small = low.view(np.uint32)
    values = bits.view(np.float32)
    for start in range(0, bits.size, BLOCK):
        stop = min(bits.size, start + BLOCK)
        b, v, o = bits[start:stop], values[start:stop], out[start:stop]
        for i in range(b.size):
            low[i] = abs(v[i]) + float32(0.5)
        for i in range(b.size):
            a = uint32(b[i] & uint32(0x7FFFFFFF))
            odd = uint32(uint32(a >> uint32(13)) & uint32(1))
            half = uint32(uint32(a + odd - uint32(0x38000000 - 0xFFF)) >> uint32(13))
            half = half if a < uint32(0x47800000) else uint32(0x7C00)
            quiet = uint32(uint32(uint32(a >> uint32(13)) & uint32(0x3FF)) | uint32(0x7E00))
            half = half if a <= uint32(0x7F800000) else quiet
            half = half if a >= uint32(0x38800000) else uint32(small[i] - uint32(0x3F000000))
            o[i] = uint16(half | uint32(uint32(b[i] >> uint32(16)) & uint32(0x8000)))


@compile_lazily
def narrow_by_table(bits, table, out):
    """8-bit patterns of float32 patterns: the table knows the upper 16 bits and whether others are set."""
    for i in range(bits.size):
        b = bits[i]
        out[i] = table[((b >> uint32(16)) << uint32(1)) | uint32((b & uint32(0xFFFF)) != 0)]


@compile_lazily
def widen_float16(patterns, bits, wide):
    """float32 of float16 patterns; ``bits`` is ``wide`` as integers. NaN comes as Inf: nobody asks for more here."""
    for i in range(patterns.size):
        h = uint32(patterns[i] & uint16(0x7FFF))
        bits[i] = (h << uint32(13)) + uint32(0x38000000) if h < uint32(0x7C00) else uint32(0x7F800000)
    for i in range(patterns.size):  # its subnormal numbers are whole multiples of 2**-24
        h = int32(patterns[i] & uint16(0x7FFF))
        size = float32(h) * float32(2.0**-24) if h < int32(0x400) else wide[i]
        wide[i] = -size if patterns[i] >= uint16(0x8000) else size


@compile_lazily
def _most(floats):
    """Bits of the greatest of non-negative floats."""
    most = int32(0)
    bits = floats.view(np.int32)
    for i in range(bits.size):
        most = bits[i] if bits[i] > most else most
    return most


@compile_lazily
def _sum(floats):
    total = 0.0
    for i in range(floats.size):
        total += float64(floats[i])
    return total


@compile_lazily
def _find(floats, wanted):
    """Place of the first float with these bits."""
    bits = floats.view(np.int32)
    for i in range(bits.size):
        if bits[i] == wanted:
            return i
    return -1


@compile_lazily
def _errors(x, y, error):
    for i in range(x.size):
        error[i] = abs(y[i] - x[i])


@compile_lazily
def _small_ones(x, y, tiny):
    """How many became 0, and how many results are subnormal. Counted in floats, which a vector register takes."""
    under, subnormal = float32(0), float32(0)
    for i in range(x.size):
        under += float32(1) if (y[i] == 0) & (x[i] != 0) else float32(0)
        subnormal += float32(1) if (abs(y[i]) < tiny) & (y[i] != 0) else float32(0)
    return under, subnormal


@compile_lazily
def _slow(x, y, limit, tiny, k, f, error):
    """A block in which something is, or becomes, NaN or Inf: one element after the other."""
    bits, x_bits = error.view(np.int32), x.view(np.int32)
    for i in range(x.size):
        size, d = abs(float64(x[i])), abs(float64(y[i]) - float64(x[i]))
        if np.isnan(x[i]):
            k[NAN] += 1
        elif np.isinf(x[i]):
            k[INFINITE] += x[i] != y[i]
        elif not np.isfinite(y[i]) or (x_bits[i] & 0x7FFFFFFF) > limit:
            k[OVERFLOW] += 1
            f[LARGEST] = max(f[LARGEST], size)
        else:
            k[FINITE] += 1
            f[SUM] += d
            if d > f[MAX]:
                f[MAX], k[AT_MAX], k[BITS_MAX] = d, k[TAKEN] + i, bits[i]
            if y[i] != 0 and size:
                f[RELATIVE] = max(f[RELATIVE], d / size)
            k[SUBNORMAL] += y[i] != 0 and abs(y[i]) < tiny
            k[UNDERFLOW] += y[i] == 0 and size != 0
    k[TAKEN] += x.size


@compile_lazily
def measure(values, widened, limit, tiny, k, f):
    """What became of float32 ``values`` as narrow numbers, ``widened`` to float32; into counters and sums.

    ``tiny`` is the least normal number of the narrow type; ``limit`` the float32 bits of the magnitude above which a
    value counts as overflown although it stays finite.
    """
    room = np.empty(BLOCK, np.float32)
    for start in range(0, values.size, BLOCK):
        stop = min(values.size, start + BLOCK)
        x, y, error = values[start:stop], widened[start:stop], room[: stop - start]
        for i in range(x.size):
            error[i] = abs(x[i])
        largest = _most(error)
        _errors(x, y, error)
        most = _most(error)
        if most >= INFINITY or largest > limit:
            _slow(x, y, limit, tiny, k, f, error)
            continue
        f[SUM] += _sum(error)
        if most > k[BITS_MAX]:
            at = _find(error, most)
            f[MAX], k[AT_MAX], k[BITS_MAX] = error[at], k[TAKEN] + at, most
        for i in range(x.size):
            error[i] = error[i] / abs(x[i]) if (y[i] != 0) & (x[i] != 0) else float32(0)
        relative = _most(error)
        if relative > k[BITS_RELATIVE]:
            f[RELATIVE], k[BITS_RELATIVE] = max(f[RELATIVE], error[_find(error, relative)]), relative
        under, subnormal = _small_ones(x, y, tiny)
        k[UNDERFLOW] += int64(under)
        k[SUBNORMAL] += int64(subnormal)
        k[FINITE] += x.size
        k[TAKEN] += x.size


@compile_lazily
def count_patterns(patterns, counts):
    """Add how often each pattern occurs."""
    for i in range(patterns.size):
        counts[patterns[i]] += 1
