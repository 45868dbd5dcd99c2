"""Speech Commands v0.02 from where it is published: two archives, checked, and unpacked in full or not at all."""

import hashlib
import shutil
import tarfile
import urllib.error
import urllib.request
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path, PurePosixPath

from tqdm import tqdm

from host.base.errors import DataError

PIECE = 1 << 20
TIMEOUT = 30  # seconds without a byte


@dataclass(frozen=True)
class Archive:
    """A .tar.gz as it was published; size in bytes."""

    url: str
    size: int
    sha256: str


_HOST = "https://storage.googleapis.com/download.tensorflow.org/data"
# 105,829 recordings of 35 words with their lists, and six of noise; the sum is also torchaudio's
SPEECH_COMMANDS = Archive(
    f"{_HOST}/speech_commands_v0.02.tar.gz",
    2_428_923_189,
    "af14739ee7dc311471de98f5f9d2c9191b18aedfe957f4a6ff791c709868ff58",
)
# the canonical 4,890 clips of twelve classes
TEST_SET = Archive(
    f"{_HOST}/speech_commands_test_set_v0.02.tar.gz",
    112_563_277,
    "cc2a00c1147c2254e9be3fa0f779d8c17421dc349b86366567a8edfa9acd51df",
)


def fetch(archive: Archive, folder: Path, quiet: bool = False) -> bool:
    """Put what the archive holds in `folder`; False where there is something in it already, which is left as it is.

    An interrupted download is kept beside the folder and goes on the next time. DataError where the network fails or
    what came is not what was published.
    """
    if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        return False
    folder.absolute().parent.mkdir(parents=True, exist_ok=True)
    packed = folder.with_name(f"{folder.name}.tar.gz.partial")
    _download(archive, packed, quiet)
    _check(archive, packed)
    unpacking = folder.with_name(f"{folder.name}.partial")
    shutil.rmtree(unpacking, ignore_errors=True)
    try:
        _unpack(packed, unpacking, quiet)
        unpacking.replace(folder)
    finally:
        shutil.rmtree(unpacking, ignore_errors=True)
    packed.unlink()
    return True


def _download(archive: Archive, target: Path, quiet: bool) -> None:
    """Append to `target` what it lacks; a server that cannot begin in the middle begins anew."""
    have = target.stat().st_size if target.exists() else 0
    if have == archive.size:
        return
    if have > archive.size:
        have = 0
    request = urllib.request.Request(archive.url, headers={"Range": f"bytes={have}-"} if have else {})
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
            have = have if answer.status == 206 else 0
            bar = tqdm(
                desc="downloading", total=archive.size, initial=have, unit="B", unit_scale=True, leave=False,
                disable=quiet or None,
            )  # fmt: skip
            with bar, open(target, "ab" if have else "wb") as out:
                # one byte more than there should be is enough to see that it is another file
                while piece := answer.read(min(PIECE, archive.size + 1 - have)):
                    out.write(piece)
                    have += len(piece)
                    bar.update(len(piece))
    except urllib.error.HTTPError as error:
        raise DataError(f"{archive.url}: the server says {error.code} {error.reason}") from error
    except (urllib.error.URLError, HTTPException, TimeoutError, ConnectionError) as error:
        reason = getattr(error, "reason", error)
        raise DataError(
            f"{archive.url}: {getattr(reason, 'strerror', None) or reason}; {_kept(have, archive)}"
        ) from error
    except KeyboardInterrupt:
        raise KeyboardInterrupt(_kept(have, archive)) from None
    if have < archive.size:
        raise DataError(f"{archive.url}: the connection ended early; {_kept(have, archive)}")


def _kept(have: int, archive: Archive) -> str:
    return f"{have:,} of {archive.size:,} bytes are kept, and the same line goes on"


def _check(archive: Archive, packed: Path) -> None:
    """DataError, and the file removed, where it is not the one published."""
    with open(packed, "rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != archive.sha256:
        packed.unlink()
        raise DataError(
            f"{archive.url}: what came is not what was published (SHA-256 {found}, not {archive.sha256}); "
            "it was removed: try again, or unpack the archive from elsewhere and name its folder"
        )


def _unpack(packed: Path, folder: Path, quiet: bool) -> None:
    """The regular files of an archive, and nothing outside `folder`: no links, devices, owners or modes."""
    folder.mkdir()
    with tarfile.open(packed, "r:gz") as archive:
        for member in tqdm(archive, "unpacking", leave=False, disable=quiet or None, unit=" files"):
            path = PurePosixPath(member.name)
            if member.isdir():
                continue
            if not member.isfile() or path.is_absolute() or ".." in path.parts:
                raise DataError(
                    f"{packed.name} holds {member.name!r}, which is no file inside it; nothing was unpacked"
                )
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            source = archive.extractfile(member)
            assert source, "it is a file"
            with source, open(target, "wb") as out:
                shutil.copyfileobj(source, out)
