"""What is wanted: the performance function U and the indicator 1_r of the article's equation 21,

    G = max_G U(G(s))   subject to   1_r(G(s)) = 1   for all seeds s

as small functions to read and to change. Requirements that do not depend on training are judged before it.
"""

import math
from dataclasses import dataclass, fields, replace
from typing import Any

from host.base.errors import Error
from host.exploration.measure import Measurements
from host.operators import KINDS


class RequirementError(Error):
    """A requirement that cannot be understood."""


def accuracy(m: Measurements) -> float:
    """Share of the validation clips that are right."""
    return m.reached


def netscore(m: Measurements) -> float:
    """20 log10(a^2 / sqrt(p c)): accuracy a in %, p million parameters, c million multiply-adds (arXiv 1806.05512)."""
    a = max(100 * m.reached, 0.01)
    return 20 * math.log10(a**2 / math.sqrt(m.parameters * m.multiply_adds / 1e12))


PERFORMANCE = {"accuracy": accuracy, "netscore": netscore}


@dataclass(frozen=True)
class Requirements:
    """What a design must keep to; None asks nothing. The first six are the most that is allowed, accuracy the least.

    operators: the kinds that may be used. Units are those of `Measurements`.
    """

    parameters: int | None = None
    multiply_adds: int | None = None
    instructions: int | None = None
    file: int | None = None
    arena: int | None = None
    memory: int | None = None
    operators: tuple[str, ...] | None = None
    accuracy: float | None = None


REQUIREMENTS = {
    "none": Requirements(),
    "small": Requirements(parameters=3_200, multiply_adds=600_000),
    # the article's, whose weights of 8 bits everything here has
    "article": Requirements(parameters=15_000, accuracy=0.90),
}
OPERATORS = {kind.__name__ for kind in KINDS.values() if not kind.ENDS}  # each network ends in a softmax
LIMITS = ("parameters", "multiply_adds", "instructions", "file", "arena", "memory")


def excesses(m: Measurements, r: Requirements) -> dict[str, float]:
    """By how much each requirement is missed: above 0 where it is, as a share of a limit. accuracy: once measured."""
    found = {k: getattr(m, k) / getattr(r, k) - 1 for k in LIMITS if getattr(r, k) is not None}
    if r.operators is not None:
        found["operators"] = float(len(set(m.operators) - set(r.operators)))
    if r.accuracy is not None and m.accuracy is not None:
        found["accuracy"] = r.accuracy - m.accuracy
    return found


def meets(m: Measurements, r: Requirements) -> bool:
    """1_r: whether all requirements are met, as far as they can be judged yet."""
    return all(excess <= 0 for excess in excesses(m, r).values())


def parse_requirements(words: list[str]) -> Requirements:
    """Names of REQUIREMENTS and key=value, later words over earlier ones; operators=Conv2D,Dense are names."""
    wanted = Requirements()
    for word in words:
        key, equals, value = word.partition("=")
        if not equals:
            if word not in REQUIREMENTS:
                known = ", ".join(REQUIREMENTS)
                raise RequirementError(f"{word!r} is no set of requirements ({known}) and no key=value")
            named = REQUIREMENTS[word]
            wanted = replace(wanted, **{f.name: v for f in fields(named) if (v := getattr(named, f.name)) is not None})
        else:
            asked: dict[str, Any] = {key: _value(key, value)}
            wanted = replace(wanted, **asked)
    return wanted


def _value(key: str, text: str) -> int | float | tuple[str, ...]:
    if key == "operators":
        unknown = set(text.split(",")) - OPERATORS
        if unknown:
            known = ", ".join(sorted(OPERATORS))
            raise RequirementError(f"no operator {', '.join(sorted(unknown))}; there are {known}")
        return tuple(text.split(","))
    if key not in (*LIMITS, "accuracy"):
        raise RequirementError(f"{key} cannot be required; {', '.join((*LIMITS, 'accuracy', 'operators'))} can")
    try:
        value = float(text) if key == "accuracy" else int(text.replace("_", ""))
    except ValueError:
        raise RequirementError(f"{key}={text}: {text} is no number") from None
    if not 0 < value <= (1 if key == "accuracy" else 2**31):
        raise RequirementError(f"{key}={text}: expected more than 0{' and at most 1' if key == 'accuracy' else ''}")
    return value
