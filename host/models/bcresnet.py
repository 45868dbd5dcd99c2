"""Broadcasted residual learning (BC-ResNet, Kim et al., arXiv 2106.04140), and attention condensers behind it.

What mixes channels sees no bands, only their mean, and is added to every band again: far fewer multiply-adds than doing
it band by band. No edge is padded in time, so kernels over time are long and before the mean where the paper's are
dilated and behind it. Batch norm is one for all bands, not one for each group of them: it folds into the kernel.
"""

import itertools

import torch
from torch import nn

from host.format.program import FrontEnd
from host.models.layers import Add, Conv2D, Dense, GlobalAveragePool
from host.models.network import Network, register
from host.models.tinyspeech_wide import WideCondenser


class BandMean(Conv2D):
    """What the bands of each channel come to: [frames, bands] -> [frames, 1], at first their mean, then learned."""

    def __init__(self, channels: int, bands: int):
        super().__init__(channels, channels, (1, bands), groups=channels, same=False, norm=True)
        with torch.no_grad():
            self.conv.weight.fill_(1 / bands)


class BroadcastResidual(nn.Module):
    """y = relu(x + f2(x) + broadcast(f1(mean of f2(x) over bands))), equation 2 of the paper, x without its edges.

    f2 is a depthwise convolution over (frames, bands), f1 a pointwise one. Where channels or bands change, x is brought
    to its channels by a pointwise convolution first and there is no shortcut: y = relu(f2(x) + broadcast(f1)).
    """

    def __init__(self, channels_in: int, channels: int, bands: int, kernel: int, stride: int = 1):
        super().__init__()
        same = channels_in == channels and stride == 1
        self.widen = None if same else Conv2D(channels_in, channels, norm=True)
        self.f2 = Conv2D(channels, channels, (kernel, 3), (1, stride), channels, norm=True, relu=False)
        self.mean = BandMean(channels, (bands + stride - 1) // stride)
        self.f1 = Conv2D(channels, channels, norm=True, relu=False)
        self.broadcast = Add(relu=not same)
        self.shortcut = Add(relu=True) if same else None

    def forward(self, x):
        planes = self.f2(x if self.widen is None else self.widen(x))
        y = self.broadcast(planes, self.f1(self.mean(planes)))
        return y if self.shortcut is None else self.shortcut(y, x)


@register
class BCResNet(Network):
    """3x5 stem, stages of broadcasted residuals, a convolution over the bands left, condensers over time.

    stem: channels of the first convolution, which halves the bands, and the frames where `stride` is 2. stages:
    (channels, blocks, kernel in frames) of each, the first of whose blocks halves the bands. width: channels once the
    bands are gone, `fan_in` channels going into each. blocks: channels behind each condenser over time, if any. out:
    channels of an attention's embedding.
    """

    def __init__(
        self, name: str, frontend: FrontEnd, labels, stem: int = 16, stages=((20, 1, 5), (28, 1, 5)), width: int = 56,
        fan_in: int = 2, blocks=(56,), out: int = 3, stride: int = 2,
    ):  # fmt: skip
        super().__init__(name, frontend, labels)
        self.stem = Conv2D(1, stem, (3, 5), stride=(stride, 2), norm=True)
        layers: list[nn.Module] = []
        bands, channels = (frontend.width + 1) // 2, stem
        for c, count, kernel in stages:
            for step in (2, *[1] * (count - 1)):
                layers.append(BroadcastResidual(channels, c, bands, kernel, step))
                bands, channels = (bands + step - 1) // step, c
        layers.append(Conv2D(channels, width, (1, bands), groups=channels // fan_in, same=False, norm=True))
        for i, o in itertools.pairwise((width, *blocks)):
            layers.append(WideCondenser(i, o, i, out, pool=4))
        self.blocks = nn.Sequential(*layers)
        self.pool = GlobalAveragePool()
        self.classify = Dense((width, *blocks)[-1], len(self.labels))

    def logits(self, x):
        return self.classify(self.pool(self.blocks(self.stem(x))))
