"""TinySpeech: attention condensers in place of convolutions (Wong et al., arXiv 2008.04245)."""

from torch import nn

from host.format.program import FrontEnd
from host.models.layers import Conv2D, Dense, Gate, GlobalAveragePool, MaxPool
from host.models.network import Network, register

CHANNELS = 7

# (mid, out) channels of the two condensers of each block
Z_BLOCKS = (
    ((14, 3), (6, 7)),
    ((14, 3), (6, 7)),
    ((14, 2), (4, 7)),
    ((14, 11), (22, 7)),
    ((14, 14), (28, 7)),
    ((14, 10), (20, 7)),
)


class AttentionCondenser(nn.Module):
    """Condense, embed, expand, attend: [frames, bands, channels] -> the same shape, batch norm included.

    The expansion to full resolution is nearest-neighbour, so the 1x1 convolution and the sigmoid behind it run on the
    condensed cells: the same result for a quarter of the work.
    """

    def __init__(self, channels: int, mid: int, out: int, form: str = "code", residual: bool = False):
        super().__init__()
        self.condense = MaxPool((2, 2))
        self.embed = nn.Sequential(Conv2D(channels, mid), Conv2D(mid, out))
        self.expand = Conv2D(out, channels, relu=False, attention=form == "code")
        self.gate = Gate(channels, form, residual=residual)

    def forward(self, v, residual=None):
        return self.gate(v, self.expand(self.embed(self.condense(v))), residual)


class Block(nn.Module):
    """Two attention condensers and a residual add round both."""

    def __init__(self, channels: int, condensers, form: str = "code"):
        super().__init__()
        (mid0, out0), (mid1, out1) = condensers
        self.first = AttentionCondenser(channels, mid0, out0, form)
        self.second = AttentionCondenser(channels, mid1, out1, form, residual=True)

    def forward(self, x):
        return self.second(self.first(x), residual=x)


@register
class TinySpeech(Network):
    """3x3 convolution, blocks of attention condensers, 3x3 convolution, global average pool, dense layer."""

    def __init__(self, name: str, frontend: FrontEnd, labels, blocks=Z_BLOCKS[:4], width: int = 17, form: str = "code"):
        super().__init__(name, frontend, labels)
        self.stem = Conv2D(1, CHANNELS, (3, 3))
        self.blocks = nn.Sequential(*(Block(CHANNELS, b, form) for b in blocks))
        self.head = Conv2D(CHANNELS, width, (3, 3))
        self.pool = GlobalAveragePool()
        self.classify = Dense(width, len(self.labels), bias=False)

    def logits(self, x):
        return self.classify(self.pool(self.head(self.blocks(self.stem(x)))))
