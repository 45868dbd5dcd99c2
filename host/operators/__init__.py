"""The operators of a model.bin, one file each: record, shape, schedule, specification, PyTorch, lowering, cost.

Importing this package registers all of them in `KINDS`; nothing else on the host tells kinds apart.
"""

from host.operators.add import Add
from host.operators.average_pool import AveragePool
from host.operators.conv2d import Conv2D, DilatedConv2D
from host.operators.dense import Dense
from host.operators.gate import Gate
from host.operators.global_average_pool import GlobalAveragePool
from host.operators.graph import Builder, LoweringError, Node
from host.operators.max_pool import MaxPool
from host.operators.operator import KINDS, Operator
from host.operators.softmax import Softmax

__all__ = [
    "KINDS", "Add", "AveragePool", "Builder", "Conv2D", "Dense", "DilatedConv2D", "Gate", "GlobalAveragePool",
    "LoweringError", "MaxPool", "Node", "Operator", "Softmax",
]  # fmt: skip
