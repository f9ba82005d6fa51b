"""The passes as machine code. Functions here are compiled when first called and kept in the user's cache folder.

Everything runs over blocks of 4,096 elements that stay in the first-level cache: extremes by integer
comparison of order-preserving keys, sums in float64, counters by cell in two tables by turns (two
equal neighbours would wait for each other's store in one). What is rare has a slow path a block:
non-finite values, zeros, a new extreme.

``reassoc`` and ``contract`` let the sums use vector registers; nothing assumes that NaN or Inf do not occur.
The loops are long because a call within them costs the vectorization; each says what it computes.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np
from numba import config, float64, int32, int64, njit, uint32, uint64
from platformdirs import user_cache_path

BLOCK = 4096
# Places in the array of whole numbers, and in that of sums, which every pass keeps.
TAKEN, NAN, POSINF, NEGINF, PLUS_ZEROS, MINUS_ZEROS, KEY_MIN, KEY_MAX = range(8)
AT_MIN, AT_MAX, AT_NAN, AT_INF, PILOT, STARTED = range(8, 14)
COUNT, MEAN, M2, L1, PILOT_F, SCALE = range(6)

if not os.environ.get("NUMBA_CACHE_DIR"):
    # Beside the source, numba's own choice, may be read-only or inside an archive.
    config.CACHE_DIR = str(user_cache_path("ckpt_gui") / "kernels")


def cache_folder() -> str:
    """Where machine code is kept from run to run."""
    return config.CACHE_DIR


def compile_lazily(function: Any) -> Any:
    """Compiled when first called with each combination of types; kept in the cache folder where there is one."""
    options = {"nogil": True, "error_model": "numpy", "fastmath": {"reassoc", "contract", "nsz"}}
    try:
        return njit(cache=True, **options)(function)
    except RuntimeError:  # no folder to keep it in: compiled anew in every process
        return njit(**options)(function)


@compile_lazily
def _merge(f, n, mean, m2, l1):
    """Chan's formula: n values of that mean (minus the pilot) and sum of squared distances join those in ``f``."""
    both = f[COUNT] + n
    step = mean - f[MEAN]
    f[M2] += m2 + step * step * (f[COUNT] / both * n)
    f[MEAN] += step * (n / both)
    f[L1] += l1
    f[COUNT] = both


@compile_lazily
def _sums(v):
    """Sum, sum of squares and sum of magnitudes."""
    s, q, a = 0.0, 0.0, 0.0
    for i in range(v.size):
        x = float64(v[i])
        s += x
        q += x * x
        a += abs(x)
    return s, q, a


@compile_lazily
def _sums_scaled(v, scale):
    """The same of scaled values."""
    s, q, a = 0.0, 0.0, 0.0
    for i in range(v.size):
        x = float64(v[i]) * scale
        s += x
        q += x * x
        a += abs(x)
    return s, q, a


@compile_lazily
def _sums_about(v, pilot, scale):
    """Sum and sum of squares of the distances from a value that is scaled already."""
    s, q = 0.0, 0.0
    for i in range(v.size):
        d = float64(v[i]) * scale - pilot
        s += d
        q += d * d
    return s, q


@compile_lazily
def _block_moments(v, one_sign, f):
    """The moments of a block of finite floats.

    Where the values have both signs, their spread is at least as wide as their mean is far from 0, and
    plain sums lose nothing; else they are taken about the first value.
    """
    n, scale = float64(v.size), f[SCALE]
    if one_sign:
        pilot = float64(v[0]) * scale
        s, q = _sums_about(v, pilot, scale)
        mean = pilot - f[PILOT_F] * scale + s / n
        _merge(f, n, mean, max(q - s * s / n, 0.0), abs(n * pilot + s))
    else:
        s, q, a = _sums(v) if scale == 1.0 else _sums_scaled(v, scale)
        mean = s / n
        _merge(f, n, mean - f[PILOT_F] * scale, max(q - s * mean, 0.0), a)


@compile_lazily
def _find(v, wanted):
    for i in range(v.size):
        if v[i] == wanted:
            return i
    return -1


@compile_lazily
def _keys32(v):
    """Least and greatest order-preserving key of float32 bits."""
    least, most = int32(0x7FFFFFFF), int32(-0x80000000)
    for i in range(v.size):
        b = v[i]
        key = int32(b ^ int32((b >> int32(31)) & int32(0x7FFFFFFF)))
        least = key if key < least else least
        most = key if key > most else most
    return int64(least), int64(most)


@compile_lazily
def _keys64(v):
    """Least and greatest order-preserving key of float64 bits."""
    least, most = int64(0x7FFFFFFFFFFFFFFF), int64(-0x8000000000000000)
    for i in range(v.size):
        b = v[i]
        key = b ^ ((b >> int64(63)) & int64(0x7FFFFFFFFFFFFFFF))
        least = key if key < least else least
        most = key if key > most else most
    return least, most


@compile_lazily
def _zeros(v, minus, k):
    for i in range(v.size):
        if v[i] == 0:
            k[PLUS_ZEROS] += 1
        elif v[i] == minus:
            k[MINUS_ZEROS] += 1


@compile_lazily
def _extremes(v, least, most, base, top, k):
    """Keep a block's extremes if they are new. -0 has the key -1 and counts as 0; ``top`` takes a key's bits back."""
    if least == -1:
        least = int64(0)
    if most == -1:
        most = int64(0)
    if least < k[KEY_MIN] or not k[STARTED]:
        k[KEY_MIN] = least
        k[AT_MIN] = base + _find_key(v, least, top)
    if most > k[KEY_MAX] or not k[STARTED]:
        k[KEY_MAX] = most
        k[AT_MAX] = base + _find_key(v, most, top)
    k[STARTED] = 1


@compile_lazily
def _find_key(v, key, top):
    bits = key ^ ((key >> int64(63)) & top)
    for i in range(v.size):
        b = int64(v[i])
        if b == bits or (key == 0 and (b & top) == 0):
            return i
    return -1


@compile_lazily
def _slow_floats(x, v, top, infinity, base, k, f, finite):
    """A block that holds NaN or Inf: those are counted, the finite ones gathered and treated as any block."""
    n = 0
    for i in range(v.size):
        size = int64(v[i]) & top
        if size < infinity:
            finite[n] = i
            n += 1
        elif size == infinity:
            if v[i] < 0:
                k[NEGINF] += 1
            else:
                k[POSINF] += 1
            if k[AT_INF] < 0:
                k[AT_INF] = base + i
        else:
            k[NAN] += 1
            if k[AT_NAN] < 0:
                k[AT_NAN] = base + i
    least, most = top, -top - 1
    for j in range(n):
        b = int64(v[finite[j]])
        key = b ^ ((b >> int64(63)) & top)
        least, most = min(least, key), max(most, key)
        if (b & top) == 0:
            if b == 0:
                k[PLUS_ZEROS] += 1
            else:
                k[MINUS_ZEROS] += 1
    if n:
        _extremes(v, least, most, base, top, k)
        values = np.empty(n, x.dtype)
        for j in range(n):
            values[j] = x[finite[j]]
        _block_moments(values, least >= 0 or most < 0, f)


@compile_lazily
def float32_pass(x, v, even, odd, k, f):
    """float32 values ``x``, their bits ``v`` (int32); counters of 65,536 cells in two tables of uint32."""
    top, infinity = int64(0x7FFFFFFF), int64(0x7F800000)
    finite = np.empty(BLOCK, np.int32)
    for start in range(0, v.size, BLOCK):
        stop = min(v.size, start + BLOCK)
        bits, base = v[start:stop], k[TAKEN]
        least, most = _keys32(bits)
        tiny = even[0] + odd[0] + even[0x8000] + odd[0x8000]
        half = bits.size // 2
        for i in range(half):
            even[uint32(bits[2 * i]) >> uint32(16)] += uint32(1)
            odd[uint32(bits[2 * i + 1]) >> uint32(16)] += uint32(1)
        if bits.size % 2:
            even[uint32(bits[bits.size - 1]) >> uint32(16)] += uint32(1)
        if most >= infinity or least < -infinity:
            _slow_floats(x[start:stop], bits, top, infinity, base, k, f, finite)
        else:
            _extremes(bits, least, most, base, top, k)
            if tiny != even[0] + odd[0] + even[0x8000] + odd[0x8000]:
                _zeros(bits, int32(-0x80000000), k)
            _block_moments(x[start:stop], least >= 0 or most < 0, f)
        k[TAKEN] += bits.size


@compile_lazily
def float64_pass(x, v, table, k, f):
    """float64 values ``x``, their bits ``v`` (int64); counters of 524,288 cells."""
    top, infinity = int64(0x7FFFFFFFFFFFFFFF), int64(0x7FF0000000000000)
    finite = np.empty(BLOCK, np.int32)
    for start in range(0, v.size, BLOCK):
        stop = min(v.size, start + BLOCK)
        bits, base = v[start:stop], k[TAKEN]
        least, most = _keys64(bits)
        for i in range(bits.size):
            table[uint64(bits[i]) >> uint64(45)] += uint32(1)
        if most >= infinity or least < -infinity:
            _slow_floats(x[start:stop], bits, top, infinity, base, k, f, finite)
        else:
            _extremes(bits, least, most, base, top, k)
            _zeros(bits, int64(-0x7FFFFFFFFFFFFFFF) - int64(1), k)
            _block_moments(x[start:stop], least >= 0 or most < 0, f)
        k[TAKEN] += bits.size


@compile_lazily
def integer_pass(x, table, k, f):
    """Integers of 32 or 64 bits, counted as the float64 they convert to; distances are integers where that is exact."""
    values = np.empty(BLOCK, np.float64)
    bits = values.view(np.int64)
    for start in range(0, x.size, BLOCK):
        stop = min(x.size, start + BLOCK)
        v, base = x[start:stop], k[TAKEN]
        n = v.size
        least, most = v[0], v[0]
        for i in range(n):
            least = v[i] if v[i] < least else least
            most = v[i] if v[i] > most else most
            k[PLUS_ZEROS] += v[i] == 0
            values[i] = float64(v[i])
        for i in range(n):
            table[uint64(bits[i]) >> uint64(45)] += uint32(1)
        if not k[STARTED] or least < x.dtype.type(k[KEY_MIN]):
            k[KEY_MIN], k[AT_MIN] = int64(least), base + _find(v, least)
        if not k[STARTED] or most > x.dtype.type(k[KEY_MAX]):
            k[KEY_MAX], k[AT_MAX] = int64(most), base + _find(v, most)
        k[STARTED] = 1
        pilot, s, q, a = int64(v[0]), 0.0, 0.0, 0.0
        near = float64(most) - float64(least) < 4.0e18
        for i in range(n):
            d = float64(int64(v[i]) - pilot) if near else values[i] - values[0]
            s += d
            q += d * d
            a += abs(values[i])
        away = values[0] - f[PILOT_F]
        if abs(away) < 4.0e18:
            away = float64(pilot - k[PILOT])
        _merge(f, float64(n), away + s / n, max(q - s * s / n, 0.0), a)
        k[TAKEN] += n


@compile_lazily
def pattern8_pass(v, counts, first, k):
    """Bytes: how often each of 256 patterns occurs, and where it occurs first (-1: nowhere)."""
    tables = np.zeros((4, 256), np.uint32)
    for start in range(0, v.size, 65536):
        part = v[start : min(v.size, start + 65536)]
        tables[:] = 0
        quarter = part.size // 4
        for i in range(quarter):
            tables[0, part[4 * i]] += uint32(1)
            tables[1, part[4 * i + 1]] += uint32(1)
            tables[2, part[4 * i + 2]] += uint32(1)
            tables[3, part[4 * i + 3]] += uint32(1)
        for i in range(4 * quarter, part.size):
            tables[0, part[i]] += uint32(1)
        for pattern in range(256):
            n = int64(tables[0, pattern]) + tables[1, pattern] + tables[2, pattern] + tables[3, pattern]
            if n:
                counts[pattern] += n
                if first[pattern] < 0:
                    first[pattern] = k[TAKEN] + _find(part, pattern)
        k[TAKEN] += part.size


@compile_lazily
def pattern16_pass(v, even, odd, flip, mask, infinity, k):
    """16-bit patterns ``v`` (int16): counters of all 65,536, and where the extremes and the first NaN and Inf stand.

    The key of a pattern is ``b ^ flip ^ ((b >> 15) & mask)``: mask 0x7FFF for floats, 0 for integers;
    flip 0x8000 for unsigned ones. ``infinity`` is the key of +Inf, 0x8000 where there is none.
    """
    for start in range(0, v.size, BLOCK):
        stop = min(v.size, start + BLOCK)
        bits, base = v[start:stop], k[TAKEN]
        low, high = np.int16(0x7FFF), np.int16(-0x8000)
        for i in range(bits.size):
            b = bits[i]
            key = np.int16(b ^ flip ^ ((b >> np.int16(15)) & mask))
            low = key if key < low else low
            high = key if key > high else high
        half = bits.size // 2
        for i in range(half):
            even[np.uint16(bits[2 * i])] += uint32(1)
            odd[np.uint16(bits[2 * i + 1])] += uint32(1)
        if bits.size % 2:
            even[np.uint16(bits[bits.size - 1])] += uint32(1)
        least, most = int64(low), int64(high)
        if most >= infinity or least < -infinity:
            least, most = _slow_halves(bits, infinity, base, k)
        if least <= most:
            _extremes16(bits, least, most, base, int64(flip), int64(mask), k)
        k[TAKEN] += bits.size


@compile_lazily
def _slow_halves(v, infinity, base, k):
    """A block of 16-bit floats with NaN or Inf: where these stand; least and greatest finite key, crossed if none."""
    least, most = int64(0x7FFF), int64(-0x8000)
    for i in range(v.size):
        b = int64(v[i])
        size = b & 0x7FFF
        if size < infinity:
            key = b ^ ((b >> int64(63)) & 0x7FFF)
            least, most = min(least, key), max(most, key)
        elif size == infinity:
            if k[AT_INF] < 0:
                k[AT_INF] = base + i
        elif k[AT_NAN] < 0:
            k[AT_NAN] = base + i
    return least, most


@compile_lazily
def _extremes16(v, least, most, base, flip, mask, k):
    if mask and least == -1:
        least = int64(0)
    if mask and most == -1:
        most = int64(0)
    if not k[STARTED] or least < k[KEY_MIN]:
        k[KEY_MIN], k[AT_MIN] = least, base + _find16(v, least, flip, mask)
    if not k[STARTED] or most > k[KEY_MAX]:
        k[KEY_MAX], k[AT_MAX] = most, base + _find16(v, most, flip, mask)
    k[STARTED] = 1


@compile_lazily
def _find16(v, wanted, flip, mask):
    for i in range(v.size):
        b = int64(v[i])
        key = int64(np.int16(b ^ flip ^ ((b >> int64(63)) & mask)))
        if key == wanted or (mask and wanted == 0 and key == -1):
            return i
    return -1
