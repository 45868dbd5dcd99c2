"""TinySpeech: attention condensers in place of convolutions (Wong et al., arXiv 2008.04245)."""

from torch import nn

from host.format.program import FrontEnd
from host.models.layers import Add, Conv2D, Dense, Gate, GlobalAveragePool, MaxPool
from host.models.network import Network

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


class WideCondenser(nn.Module):
    """Condense, embed by a 3x3 convolution in groups as the paper draws it, expand, attend; batch norm included.

    The embedding sees three cells of two frames each, so the attention has two frames less at either end than what it
    attends to: a depthwise convolution over five frames makes V as short, and as wide in context.
    """

    def __init__(self, channels: int, mid: int, out: int):
        super().__init__()
        self.condense = MaxPool((2, 2))
        self.embed = nn.Sequential(Conv2D(channels, mid, (3, 3), groups=channels), Conv2D(mid, out))
        self.expand = Conv2D(out, channels, relu=False, attention=True)
        self.value = Conv2D(channels, channels, (5, 1), groups=channels, relu=False, bias=False)
        self.gate = Gate(channels)

    def forward(self, v):
        return self.gate(self.value(v), self.expand(self.embed(self.condense(v))))


class WideBlock(nn.Module):
    """Two condensers and a residual add round both."""

    def __init__(self, channels: int, mid: int, out: int):
        super().__init__()
        self.first = WideCondenser(channels, mid, out)
        self.second = WideCondenser(channels, mid, out)
        self.add = Add()

    def forward(self, x):
        return self.add(self.second(self.first(x)), x)


class TinySpeechWide(Network):
    """The same kinds of layers with a context of two thirds of a second instead of six frames.

    The stem halves the frames, each condenser widens the context by 80 ms, and the last convolution sees all bands, so
    that the mean behind it is over time alone.
    """

    def __init__(
        self, name: str, frontend: FrontEnd, labels, blocks: int = 4, mid: int = 14, out: int = 3, width: int = 21
    ):
        super().__init__(name, frontend, labels)
        self.stem = Conv2D(1, CHANNELS, (3, 3), stride=(2, 1), norm=True)
        self.blocks = nn.Sequential(*(WideBlock(CHANNELS, mid, out) for _ in range(blocks)))
        self.head = Conv2D(CHANNELS, width, (3, frontend.width), groups=CHANNELS, same=False, norm=True)
        self.pool = GlobalAveragePool()
        self.classify = Dense(width, len(self.labels))

    def logits(self, x):
        return self.classify(self.pool(self.head(self.blocks(self.stem(x)))))
