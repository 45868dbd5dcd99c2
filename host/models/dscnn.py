"""Depthwise-separable convolutions over time and bands, then over time alone (Hello Edge, arXiv 1711.07128).

A kernel that moves over bands is the same for a deep and a high voice, which a stem over all bands has to learn band by
band. Once few bands are left they become channels, and time is all there is, as in `dsnet.py`.
"""

import itertools

from torch import nn

from host.format.program import FrontEnd
from host.models.dsnet import DepthwiseSeparable
from host.models.layers import Conv2D, Dense, GlobalAveragePool
from host.models.network import Network, register


@register
class DSCNN(Network):
    """3x5 stem, separable blocks that halve the bands, a convolution over those left, separable blocks over time.

    stem: channels of the first convolution, which halves frames and bands. planes: channels of the 3x3 blocks behind
    it. width: channels once the bands are gone, `fan_in` channels going into each. blocks: (channels, kernel in frames,
    stride in frames) of each block over time.
    """

    def __init__(
        self, name: str, frontend: FrontEnd, labels, stem: int = 12, planes=(12,), width: int = 36, fan_in: int = 2,
        blocks=((28, 11, 2),),
    ):  # fmt: skip
        super().__init__(name, frontend, labels)
        self.stem = Conv2D(1, stem, (3, 5), stride=(2, 2), norm=True)
        steps = itertools.pairwise((stem, *planes))
        self.planes = nn.Sequential(*(DepthwiseSeparable(i, o, (3, 3), (1, 2)) for i, o in steps))
        bands, channels = frontend.width, (stem, *planes)[-1]
        for _ in (stem, *planes):
            bands = (bands + 1) // 2
        self.collapse = Conv2D(channels, width, (1, bands), groups=channels // fan_in, same=False, norm=True)
        steps = itertools.pairwise((width, *(c for c, _, _ in blocks)))
        self.blocks = nn.Sequential(
            *(DepthwiseSeparable(i, o, (k, 1), (s, 1)) for (i, o), (_, k, s) in zip(steps, blocks, strict=True))
        )
        self.pool = GlobalAveragePool()
        self.classify = Dense(blocks[-1][0], len(self.labels))

    def logits(self, x):
        return self.classify(self.pool(self.blocks(self.collapse(self.planes(self.stem(x))))))
