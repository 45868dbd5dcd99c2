"""What a search found: the designs that no other beats in accuracy, parameters and multiply-adds at once (Pareto)."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import optuna

from host.base.files import write_whole
from host.exploration import study as s
from host.exploration.explore import UNBUILDABLE, Problem, trial_name
from host.exploration.measure import Measurements
from host.exploration.objective import Requirements, meets
from host.models.design import Design
from host.pictures import pareto


@dataclass(frozen=True)
class Found:
    """A trial that was trained. value: its performance U; None where it was stopped early."""

    number: int
    outcome: str
    design: Design
    measured: Measurements
    value: float | None


def found(study: optuna.Study) -> list[Found]:
    """The trials that were measured or stopped early."""
    result = []
    for t in study.get_trials(deepcopy=False):
        if s.outcome(t) in (s.MEASURED, s.STOPPED):
            kept = t.user_attrs[s.MEASUREMENTS]
            measured = Measurements(**{**kept, "operators": tuple(kept["operators"])})
            value = t.value if s.outcome(t) == s.MEASURED else None
            result.append(Found(t.number, s.outcome(t), Design.from_dict(t.user_attrs[s.DESIGN]), measured, value))
    return result


def beats(a: Measurements, b: Measurements) -> bool:
    """Whether a is nowhere worse than b in accuracy, parameters and multiply-adds, and somewhere better."""
    ours = a.reached, -a.parameters, -a.multiply_adds
    theirs = b.reached, -b.parameters, -b.multiply_adds
    return ours != theirs and all(x >= y for x, y in zip(ours, theirs, strict=True))


def front(designs: list[Found], requirements: Requirements) -> list[Found]:
    """The measured designs that meet all requirements and that no such design beats, the most accurate first."""
    good = [f for f in designs if f.outcome == s.MEASURED and meets(f.measured, requirements)]
    best = [f for f in good if not any(beats(g.measured, f.measured) for g in good)]
    return sorted(best, key=lambda f: (-f.measured.reached, f.measured.parameters, f.number))


def describe(design: Design) -> str:
    features = f"{design.coefficients} MFCCs" if design.coefficients else "log-mels"
    options = ", ".join(f"{key} {value}" for key, value in design.options.items())
    return f"{design.network.__name__}, {features}, {options}"


def table(best: list[Found]) -> str:
    """The front as a table in Markdown."""
    lines = [
        "| trial | accuracy | U | parameters | multiply-adds | instructions | memory | file | design |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for f in best:
        m = f.measured
        lines.append(
            f"| {f.number} | {100 * m.reached:.2f} % | {f.value:.3f} | {m.parameters:,} | {m.multiply_adds:,} | "
            f"{m.instructions / 1e6:.2f} M | {m.memory:,} B | {m.file:,} B | {describe(f.design)} |"
        )
    return "\n".join(lines)


def text(study: optuna.Study, problem: Problem, best: list[Found]) -> str:
    """The report as Markdown."""
    trials = study.get_trials(deepcopy=False)
    counts = Counter(s.outcome(t) for t in trials)
    known = (*(f.name for f in fields(Requirements)), UNBUILDABLE)
    refused = [t.user_attrs[s.WHY] for t in trials if s.outcome(t) == s.REFUSED]
    reasons = Counter(why for whys in refused for why in whys if why in known)
    asked = ", ".join(f"{k} {v}" for k, v in asdict(problem.requirements).items() if v is not None) or "nothing"
    chosen = trial_name(best[0].number) if best else "trial-NNNN"
    return f"""# {study.study_name}

Networks {", ".join(problem.networks)}; required: {asked}; performance U: {problem.performance}.
Trained {problem.recipe.epochs} epochs of recipe `{problem.recipe.name}` with seed {problem.seed}: accuracies are of the
validation clips, in int8, and those of short trainings. Instructions are estimated.

Trials: {", ".join(f"{n} {name}" for name, n in counts.most_common()) or "none"}.
Refused before training: {", ".join(f"{n} for {why}" for why, n in reasons.most_common()) or "none"}.

{table(best) if best else "No design that was measured meets the requirements yet."}

![accuracy against parameters and multiply-adds](pareto.png)

Train one in full: `python -m host.train --design {chosen}.json --data DIR`
"""


def picture(designs: list[Found], best: list[Found], requirements: Requirements) -> bytes:
    """Accuracy against parameters and against multiply-adds, as a PNG."""

    axes = {"parameters": "parameters", "multiply_adds": "multiply-adds a window"}
    chosen = {f.number for f in best}

    def points(outcome: str) -> list[pareto.Point]:
        return [_point(f, axes) for f in designs if f.outcome == outcome and f.number not in chosen]

    limits = {key: getattr(requirements, key) for key in (*axes, "accuracy")}
    return pareto.draw(axes, points(s.STOPPED), points(s.MEASURED), [_point(f, axes) for f in best], limits)


def _point(f: Found, costs: Iterable[str]) -> pareto.Point:
    return pareto.Point(f.number, f.measured.reached, {key: getattr(f.measured, key) for key in costs})


def write(study: optuna.Study, problem: Problem, folder: Path) -> list[Found]:
    """pareto.md, .json and .png and the front's designs, as files for host.train; the front itself."""
    designs = found(study)
    best = front(designs, problem.requirements)
    data = {
        "config": study.user_attrs[s.CONFIG],
        "pareto": [f.number for f in best],
        "trials": [
            {**asdict(f), "design": f.design.to_dict(), "measured": asdict(f.measured)}
            for f in designs
        ],
    }  # fmt: skip
    for f in best:
        design = json.dumps(f.design.to_dict(), indent=1) + "\n"
        write_whole(folder / f"{trial_name(f.number)}.json", design.encode())
    write_whole(folder / "pareto.json", (json.dumps(data, indent=1) + "\n").encode())
    write_whole(folder / "pareto.png", picture(designs, best, problem.requirements))
    write_whole(folder / "pareto.md", text(study, problem, best).encode())
    return best
