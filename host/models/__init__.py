"""The registry of networks: NETWORKS has their classes, which importing this package registers, MODELS designs by name.

A new network is a file here, its line among the imports below, and its choices in host/exploration/space.py if a search
is to draw it.
"""

from host.models.bcresnet import BCResNet
from host.models.design import Design
from host.models.dscnn import DSCNN
from host.models.dsnet import DSNet
from host.models.network import NETWORKS
from host.models.tinyspeech import TinySpeech
from host.models.tinyspeech_wide import TinySpeechWide

__all__ = ["MODELS", "NETWORKS"]


def _wide(**options) -> Design:
    """Attention condensers with a wide context; 98 frames leave none over in pools of 2 and 4."""
    return Design(TinySpeechWide, 0, 98, options)


MODELS = {
    "tinyspeech-z4": Design(TinySpeech, 12, 94),
    "tinyspeech-z4-text": Design(TinySpeech, 12, 94, {"form": "text"}),
    "tinyspeech-wide": _wide(),
    "dsnet-24": Design(DSNet, 0, 94),
    "dsnet-32": Design(DSNet, 0, 94, {"width": 32}),
    "dscnn": Design(DSCNN, 0, 94),
    "bcresnet": Design(BCResNet, 0, 98),
    "tinyspeech-y": _wide(stem=16, planes=(24,), width=48, blocks=(44,)),
    "tinyspeech-m": _wide(stem=16, planes=(16,), width=48, fan_in=1, blocks=(40,), norm=False),
    "small": _wide(stem=8, planes=(16,), width=32, blocks=(24,)),
    "medium": _wide(stem=12, planes=(20,), width=40, blocks=(40,)),
    "large": _wide(stem=20, planes=(36,), width=72, blocks=(56,), stride=1),
    "robot": _wide(stem=20, planes=(40,), width=80, blocks=(72,)),
}
