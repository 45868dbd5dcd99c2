"""TinySpeech's layers with a wider context: what is pooled has seen a third of a second (a stem of stride 1: a fifth).

Attention condensers as the paper draws them, with an embedding in groups (Wong et al., arXiv 2008.04245), over pools as
tall as what they attend to is wide in time.
"""

from torch import nn

from host.format.program import FrontEnd
from host.models.layers import Conv2D, Dense, Gate, GlobalAveragePool, MaxPool
from host.models.network import Network, register


class WideCondenser(nn.Module):
    """A separable convolution whose depthwise part is attended to: condense, embed, expand, attend, then mix channels.

    The embedding sees three cells of `pool` frames each, so the attention is 2 pools of frames shorter than what came
    in: a depthwise convolution over as many frames and one makes V as short, and as wide in context. stride: of bands.
    """

    def __init__(
        self, channels: int, channels_out: int, mid: int, out: int, pool: int, bands: int = 1, stride: int = 1,
        norm: bool = True,
    ):  # fmt: skip
        super().__init__()
        kernel = (2 * pool + 1, bands)
        self.condense = MaxPool((pool, 2 if bands > 1 else 1))
        self.embed = nn.Sequential(Conv2D(channels, mid, (3, bands), groups=channels), Conv2D(mid, out))
        self.expand = Conv2D(out, channels, relu=False, attention=True)
        self.value = Conv2D(channels, channels, kernel, groups=channels, relu=False, bias=False)
        self.gate = Gate(channels, norm=norm)
        self.mix = Conv2D(channels, channels_out, stride=(1, stride), norm=norm)

    def forward(self, x):
        return self.mix(self.gate(self.value(x), self.expand(self.embed(self.condense(x)))))


@register
class TinySpeechWide(Network):
    """3x5 stem, condensers that halve the bands, a convolution over those left, condensers over time alone.

    stem: channels of the first convolution, which halves the bands, and the frames where `stride` is 2. planes:
    channels behind each condenser over bands. width: channels once the bands are gone, `fan_in` channels going into
    each. blocks: channels behind each condenser over time. out: channels of an attention's embedding. norm: whether
    there is batch norm.
    """

    def __init__(
        self, name: str, frontend: FrontEnd, labels, stem: int = 8, planes=(16,), width: int = 32, fan_in: int = 2,
        blocks=(28,), out: int = 3, norm: bool = True, stride: int = 2,
    ):  # fmt: skip
        super().__init__(name, frontend, labels)
        self.stem = Conv2D(1, stem, (3, 5), stride=(stride, 2), norm=norm)
        layers: list[nn.Module] = []
        bands, channels = (frontend.width + 1) // 2, stem
        for c in planes:
            layers.append(WideCondenser(channels, c, channels, out, pool=2, bands=3, stride=2, norm=norm))
            bands, channels = (bands + 1) // 2, c
        layers.append(Conv2D(channels, width, (1, bands), groups=channels // fan_in, same=False, norm=norm))
        for i, o in zip((width, *blocks), blocks, strict=False):
            layers.append(WideCondenser(i, o, i, out, pool=4, norm=norm))
        self.blocks = nn.Sequential(*layers)
        self.pool = GlobalAveragePool()
        self.classify = Dense(blocks[-1], len(self.labels))
        if not norm:  # then nothing but the weights keeps the size of what passes
            for m in self.modules():
                if isinstance(m, nn.Conv2d):
                    nn.init.kaiming_normal_(m.weight, nonlinearity="relu")
                    if m.bias is not None:
                        nn.init.zeros_(m.bias)

    def logits(self, x):
        return self.classify(self.pool(self.blocks(self.stem(x))))
