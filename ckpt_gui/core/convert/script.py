"""A plan as a Python script that does the same with this library."""

from __future__ import annotations

from dataclasses import fields

from ckpt_gui.core.convert.nouns import Options, Plan

_LINES = """\
from ckpt_gui.core.convert.nouns import {nouns}
from ckpt_gui.core.convert.plan import plan
from ckpt_gui.core.convert.run import convert
from ckpt_gui.core.reader import read
from ckpt_gui.proving import Prover

source, target = {source}, {target}
opened = read(source)
options = {options}
with Prover() as prover:
    receipt = convert(opened, plan(opened, options, target), target, prover=prover)
assert receipt.proof.verified
"""


def python(plan: Plan, target: str) -> str:
    """The script; it neither asks nor overwrites."""
    options = plan.options
    nouns = "DeviceRule, Options" if options.devices else "Options"
    return _LINES.format(nouns=nouns, source=ascii(plan.source), target=ascii(target), options=_told(options))


def _told(options: Options) -> str:
    """``Options(…)`` with what differs from the defaults."""
    differing = ((field.name, getattr(options, field.name), field.default) for field in fields(Options))
    return f"Options({', '.join(f'{name}={value!a}' for name, value, default in differing if value != default)})"
