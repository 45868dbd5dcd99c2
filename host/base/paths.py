"""Where things are. All of it is below the repository's root, wherever a command is typed.

So a cache is found again, and a run trained from one folder is resumed from another. Options such as `--out` name
other places, which are relative to the current folder as in any command.
"""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BENCH = ROOT / "bench"
DEVICE = ROOT / "device"  # what a robot gets
MODELS = ROOT / "models"  # shipped, each with its card
BUILD = ROOT / "build"  # what make builds, and pictures that nobody named a place for
RUNS = ROOT / "runs"  # trainings and searches
CACHE = ROOT / "cache"  # log-mels of recordings and synthesized speech; may be removed at any time


def shown(path: Path) -> Path:
    """The path as the owner would type it: relative where it is below the current folder."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path
