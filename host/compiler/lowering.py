"""From a network of real-valued layers to a program of integer operators (host/operators/graph.py)."""

from host.format.program import FrontEnd, Input, Listening, Program
from host.operators import Builder, LoweringError, Node, Softmax

FEATURE_SCALE = 1 / 32


def lower(body, source: FrontEnd | Input, labels, listening: Listening | None = None, name: str = "") -> Program:
    """The program of a network: `body` maps the node of what it reads to the logits' node."""
    builder = Builder(shapes=[source.shape])
    Softmax.lower(body(Node(builder, 0, FEATURE_SCALE, source.zero)))
    if builder.shapes[-1] != (1, 1, len(labels)):
        raise LoweringError(f"{name}: {builder.shapes[-1][2]} outputs for {len(labels)} labels")
    return Program(source, builder.operators, tuple(labels), listening or Listening(), name)
