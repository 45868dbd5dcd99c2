"""Probabilities of logits. Its kernel: native/core/operators/softmax.c."""

from dataclasses import dataclass

from host.integers.tables import EXP2_TABLE, LOG2E_Q8_TO_Q10, exp2_neg_q15
from host.operators.graph import Node
from host.operators.operator import Operator, register


@register
@dataclass(frozen=True, eq=False)
class Softmax(Operator):
    """Logits to uint16 probabilities, 65535 standing for 1."""

    KIND = 7
    ENDS = True
    NUMBER_BYTES = 2

    source: int
    zero: int = 0

    def record(self):
        return b"", ()

    @classmethod
    def read(cls, r, head, channels):
        return cls(head.source)

    def output_shape(self, shapes):
        return 1, 1, shapes[self.source][2]

    def step(self, steps):
        return None if steps[self.source] else 0

    def reference(self, values, zeros):
        x = values[self.source]
        below = x.max(-1, keepdims=True) - x
        e = exp2_neg_q15((below * LOG2E_Q8_TO_Q10) >> 10)
        total = e.sum(-1, keepdims=True)
        return (e * 65535 + (total >> 1)) // total

    def pytorch(self, values, zeros):
        import torch

        from host.integers import pytorch

        x = values[self.source]
        table = pytorch.tensor(EXP2_TABLE, x)
        y = torch.floor((x.amax(1, keepdim=True) - x) * LOG2E_Q8_TO_Q10 / 1024).long()
        n, i, f = y >> 10, (y >> 5) & 31, y & 31
        value = (table[i] - torch.floor((table[i] - table[i + 1]) * f / 32)).long()
        e = torch.where(n > 15, torch.zeros_like(value), value >> n.clamp(max=15))
        total = e.sum(1, keepdim=True)
        return ((e * 65535 + (total >> 1)) // total).double()

    @staticmethod
    def lower(x: Node) -> Node:
        return x.builder.append(Softmax(x.index), 1 / 65535)

    def work(self, read, written, strips):
        return "strips", (0,)
