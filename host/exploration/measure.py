"""What a design costs, measured before anything is trained: none of it depends on the weights."""

from dataclasses import dataclass

from host.base.errors import Error
from host.compiler.plan import planned
from host.engines.native import NativeModel
from host.exploration.instructions import estimate
from host.format.file import write
from host.models.design import Design, build


class Unbuildable(Error):
    """A design that makes no network, or none that the robot takes."""


@dataclass(frozen=True)
class Measurements:
    """Of one window, in bytes where nothing else is said. accuracy: of 0 to 1, None before training."""

    parameters: int
    multiply_adds: int
    instructions: int  # estimated, see host/exploration/instructions.py
    file: int  # model.bin
    arena: int  # activations, as planned
    memory: int  # all that the robot needs beside the file: arena, tables, the sound's stream
    operators: tuple[str, ...]  # the kinds in use, but for the softmax that each network ends in
    accuracy: float | None = None

    @property
    def reached(self) -> float:
        """The accuracy of a design that was trained."""
        assert self.accuracy is not None, "it was not trained yet"
        return self.accuracy


def measure(name: str, design: Design, frontend, labels) -> Measurements:
    """Build the design, compile it with the weights it was born with, and let the C core open it.

    name: what the network will go by, for the file holds it. Unbuildable where one of these steps refuses.
    """
    try:
        network = build(name, design, frontend, labels)
        program = network.program()
        chosen = planned(program, "fast")
        file = write(program, chosen)
        memory = NativeModel(file).memory
    except (Error, ValueError) as error:  # a layer of PyTorch or of ours that cannot be built
        raise Unbuildable(str(error)) from error
    return Measurements(
        parameters=network.parameter_count(),
        multiply_adds=sum(program.multiply_adds()),
        instructions=estimate(program, chosen),
        file=len(file),
        arena=chosen.arena,
        memory=memory["tables"] + memory["arena"] + memory["stream"],
        operators=tuple(sorted({type(op).__name__ for op in program.operators if not op.ENDS})),
    )
