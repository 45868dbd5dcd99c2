"""The C core called from Python, as a shared library (native/host/host.c)."""

import ctypes
from functools import cache
from pathlib import Path

import numpy as np

from host.base.errors import Error
from host.base.paths import BUILD
from host.format.file import frontend_section
from host.format.program import FrontEnd

LIBRARY = BUILD / "libtympan.so"
PLAIN = LIBRARY.with_name("libplain.so")  # the same core with plain kernels, for tests


class ModelError(Error):
    """A file that the C core refuses; `reason` is its name for why."""

    def __init__(self, reason: str, text: str):
        super().__init__(f"{reason}: {text}")
        self.reason = reason


class _Memory(ctypes.Structure):
    _fields_ = [("tables", ctypes.c_uint32), ("arena", ctypes.c_uint32), ("stream", ctypes.c_uint32)]


@cache
def _loaded(path: Path):
    if not path.exists():
        raise FileNotFoundError(f"{path} is not built; run 'make core'")
    lib = ctypes.CDLL(str(path))
    for name in ("tympan_status_name", "tympan_status_text"):
        getattr(lib, name).restype = ctypes.c_char_p
    for name in ("host_model_open", "host_frontend_open", "host_listener_open"):
        getattr(lib, name).restype = ctypes.c_void_p
    return lib


def library(path: Path | None = None):
    """The core as a library, or the one at `path`; FileNotFoundError where it is not built."""
    return _loaded(path or LIBRARY)


def _pointer(array: np.ndarray) -> ctypes.c_void_p:
    return ctypes.c_void_p(array.ctypes.data)


def _checked(lib, handle, status: ctypes.c_int32) -> ctypes.c_void_p:
    if not handle:
        raise ModelError(lib.tympan_status_name(status).decode(), lib.tympan_status_text(status).decode())
    return ctypes.c_void_p(handle)


class FrontEndEngine:
    """The front end in C: int16 samples to uint8 features."""

    handle = None

    def __init__(self, config: FrontEnd, path: Path | None = None):
        self.lib = library(path)
        self.config = config
        section = frontend_section(config)
        status = ctypes.c_int32()
        handle = self.lib.host_frontend_open(section, len(section), ctypes.byref(status))
        self.handle = _checked(self.lib, handle, status)

    def __del__(self):
        if self.handle:
            self.lib.host_frontend_close(self.handle)

    def reset(self) -> None:
        self.lib.host_frontend_reset(self.handle)

    def push(self, samples: np.ndarray) -> np.ndarray:
        """int16 [n], the stream's next samples -> uint8 [frames completed, width]."""
        samples = np.ascontiguousarray(samples, np.int16)
        ready = self.lib.host_frontend_ready(self.handle, len(samples))
        features = np.empty((ready, self.config.width), np.uint8)
        self.lib.host_frontend_push(self.handle, _pointer(samples), len(samples), _pointer(features))
        return features

    def clips(self, clips: np.ndarray) -> np.ndarray:
        """int16 [n, samples], each a stream of its own -> uint8 [n, frames, width]."""
        clips = np.ascontiguousarray(clips, np.int16)
        self.reset()
        frames = self.lib.host_frontend_ready(self.handle, clips.shape[1])
        features = np.empty((len(clips), frames, self.config.width), np.uint8)
        self.lib.host_frontend_clips(self.handle, _pointer(clips), len(clips), clips.shape[1], _pointer(features))
        return features


class NativeModel:
    """A model.bin opened and run by the C core."""

    handle = None

    def __init__(self, file: bytes, frames: int = 0, width: int = 0, classes: int = 0, path: Path | None = None):
        """frames, width (bytes of one), classes: as the caller knows them from the program; only needed to run."""
        self.lib = library(path)
        self.frames, self.width, self.classes = frames, width, classes
        status, memory = ctypes.c_int32(), _Memory()
        handle = self.lib.host_model_open(file, len(file), ctypes.byref(memory), ctypes.byref(status))
        self.handle = _checked(self.lib, handle, status)
        self.memory = {"file": len(file), "tables": memory.tables, "arena": memory.arena, "stream": memory.stream}

    def __del__(self):
        if self.handle:
            self.lib.host_model_close(self.handle)

    def run(self, features: np.ndarray) -> np.ndarray:
        """uint8 [windows, frames, width] or [windows, frames, bands, channels] -> uint16 [windows, classes]."""
        features = self._window(features)
        out = np.empty((len(features), self.classes), np.uint16)
        self.lib.host_model_run(self.handle, _pointer(features), len(features), _pointer(out))
        return out

    def trace(self, features: np.ndarray, shapes, kinds) -> list[np.ndarray]:
        """Every value of one window [frames, width], as arrays of the given shapes and dtypes."""
        features = self._window(features[None])
        sizes = [int(np.prod(s)) * np.dtype(k).itemsize for s, k in zip(shapes, kinds, strict=True)]
        out, raw = np.empty(self.classes, np.uint16), np.zeros(sum(sizes), np.uint8)
        self.lib.host_model_trace(self.handle, _pointer(features), _pointer(out), _pointer(raw))
        parts = np.split(raw, np.cumsum(sizes)[:-1])
        return [p.view(k).reshape(s) for p, s, k in zip(parts, shapes, kinds, strict=True)]

    def _window(self, features: np.ndarray) -> np.ndarray:
        features = np.ascontiguousarray(features, np.uint8)
        features = features.reshape(*features.shape[:2], -1)
        if features.shape[1:] != (self.frames, self.width):
            raise ValueError(f"features are {features.shape[1:]}, the model takes ({self.frames}, {self.width})")
        return features


class NativeListener:
    """Windows of a stream in the C core: of each only what the ones before did not have is computed."""

    handle = None

    def __init__(self, model: NativeModel, hop: int):
        """hop: feature frames between windows. ModelError where the network cannot."""
        self.model, self.lib = model, model.lib
        status, memory = ctypes.c_int32(), ctypes.c_uint32()
        handle = self.lib.host_listener_open(model.handle, hop, ctypes.byref(memory), ctypes.byref(status))
        self.handle = _checked(self.lib, handle, status)
        self.memory = memory.value  # bytes

    def __del__(self):
        if self.handle:
            self.lib.host_listener_close(self.handle)

    def reset(self) -> None:
        """Begin a new stream."""
        self.lib.host_listener_reset(self.handle)

    def run(self, features: np.ndarray, ends, start: int = 0) -> np.ndarray:
        """Windows of a stream uint8 [frames, width], those that end before frames `ends` -> uint16 [windows, classes].

        start: frames of the stream (modulo 2^32) before these.
        """
        features, ends = np.ascontiguousarray(features, np.uint8), np.ascontiguousarray(ends, np.uint32)
        if features.shape[1:] != (self.model.width,) or ends.min() < self.model.frames or ends.max() > len(features):
            raise ValueError(f"no windows of {self.model.frames} x {self.model.width} end there in {features.shape}")
        out = np.empty((len(ends), self.model.classes), np.uint16)
        first = ctypes.c_uint32(start)
        self.lib.host_listener_run(self.handle, _pointer(features), first, _pointer(ends), len(ends), _pointer(out))
        return out


def capture(slots: np.ndarray, shift: int) -> np.ndarray:
    """A whole stream of microphone slots int32 [n] -> int16 [n]; shift: gain in steps of 6 dB."""
    slots = np.ascontiguousarray(slots, np.int32)
    samples = np.empty(len(slots), np.int16)
    library().host_capture(_pointer(slots), len(slots), shift, _pointer(samples))
    return samples
