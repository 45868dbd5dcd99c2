"""The networks by name."""

from host.models.design import Design
from host.models.dscnn import DSCNN
from host.models.dsnet import DSNet
from host.models.tinyspeech import TinySpeech
from host.models.tinyspeech_wide import TinySpeechWide

MODELS = {
    "tinyspeech-z4": Design(TinySpeech, 12, 94),
    "tinyspeech-z4-text": Design(TinySpeech, 12, 94, {"form": "text"}),
    "tinyspeech-wide": Design(TinySpeechWide, 0, 98),
    "dsnet-24": Design(DSNet, 0, 94),
    "dsnet-32": Design(DSNet, 0, 94, {"width": 32}),
    "dsnet-64": Design(DSNet, 0, 94, {"width": 64}),
    "small": Design(DSCNN, 0, 94),
    "medium": Design(DSCNN, 0, 94, {"stem": 16, "planes": (16,), "width": 48, "blocks": ((40, 11, 2),)}),
    "robot": Design(DSCNN, 0, 94, {"stem": 16, "planes": (32, 32), "width": 64, "blocks": ((64, 9, 2), (96, 9, 1))}),
    "large": Design(DSCNN, 0, 94, {"stem": 12, "planes": (24, 24), "width": 48, "blocks": ((48, 9, 2), (64, 9, 1))}),
}
