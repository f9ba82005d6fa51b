"""A histogram as a table that spreadsheets read."""

from __future__ import annotations

import csv
import io

from ckpt_gui.core.stats.chart import Chart


def chart_csv(chart: Chart) -> str:
    """A row for each bar (``low``, ``high``, then the count of each series), numbers to the last digit.

    Two more rows tell what lies outside: their missing end is empty. Cells that a spreadsheet would
    take for a formula are led by an apostrophe.
    """
    out = io.StringIO()
    write = csv.writer(out, lineterminator="\n").writerow
    alone = len(chart.histograms) == 1
    write(["low", "high", *(["count"] if alone else [_plain(part.name) for part in chart.known.parts])])
    if not len(chart.edges):
        return out.getvalue()
    ends = [repr(float(edge)) for edge in chart.edges]
    if any(one.below for one in chart.histograms):
        write(["", ends[0], *(one.below for one in chart.histograms)])
    for number in range(len(ends) - 1):
        write([ends[number], ends[number + 1], *(int(one.counts[number]) for one in chart.histograms)])
    if any(one.above for one in chart.histograms):
        write([ends[-1], "", *(one.above for one in chart.histograms)])
    return out.getvalue()


def _plain(name: str) -> str:
    return f"'{name}" if name[:1] in "=+-@" else name
