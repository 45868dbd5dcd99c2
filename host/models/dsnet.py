"""Depthwise-separable convolutions over time (MobileNets, arXiv 1704.04861, in one dimension).

The stem sees all bands at once and makes them channels; what follows has no bands left, only time. No edge is padded,
so the network is as streamable as its window is long.
"""

from torch import nn

from host.format.program import FrontEnd
from host.models.layers import Conv2D, Dense, GlobalAveragePool
from host.models.network import Network, register


class DepthwiseSeparable(nn.Module):
    """A convolution over (frames, bands) in each channel, then one across channels; batch norm and ReLU behind it.

    between: batch norm and ReLU between the two as well, as in MobileNets.
    """

    def __init__(
        self, channels_in: int, channels_out: int, kernel: tuple[int, int], stride: tuple[int, int] = (1, 1),
        between: bool = False,
    ):  # fmt: skip
        super().__init__()
        self.depthwise = Conv2D(
            channels_in, channels_in, kernel, stride, channels_in, norm=between, relu=between, bias=False
        )
        self.pointwise = Conv2D(channels_in, channels_out, norm=True)

    def forward(self, x):
        return self.pointwise(self.depthwise(x))


@register
class DSNet(Network):
    """Stem over all bands with stride 2, depthwise-separable blocks, global average pool, dense layer."""

    def __init__(self, name: str, frontend: FrontEnd, labels, width: int = 24, kernels=(9, 9, 9, 9)):
        super().__init__(name, frontend, labels)
        self.stem = Conv2D(1, width, (3, frontend.width), stride=(2, 1), same=False, norm=True)
        self.blocks = nn.Sequential(*(DepthwiseSeparable(width, width, (k, 1), between=True) for k in kernels))
        self.pool = GlobalAveragePool()
        self.classify = Dense(width, len(self.labels))

    def logits(self, x):
        return self.classify(self.pool(self.blocks(self.stem(x))))
