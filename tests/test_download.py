"""The download of Speech Commands, from a server on this machine with a tiny archive."""

import functools
import hashlib
import io
import tarfile
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import numpy as np
import pytest
import soundfile

from host import evaluate, train
from host.base.errors import DataError
from host.data import download
from host.data.download import Archive, fetch
from tests.conftest import MODEL, sentence


def packed(*members: tuple) -> bytes:
    """A .tar.gz of (name, content, type: tarfile's, by default of a file)."""
    memory = io.BytesIO()
    with tarfile.open(fileobj=memory, mode="w:gz") as archive:
        for name, content, *kind in members:
            member = tarfile.TarInfo(name)
            member.size, member.linkname = len(content), "/etc/passwd"
            member.type = kind[0] if kind else tarfile.REGTYPE
            archive.addfile(member, io.BytesIO(content))
    return memory.getvalue()


@functools.cache
def words() -> bytes:
    """A data set of one recording, padded so that it comes in pieces."""
    wav = io.BytesIO()
    soundfile.write(wav, np.zeros(16000), 16000, format="WAV")
    noise = np.random.default_rng(0).bytes(5000)
    return packed(("./yes", b"", tarfile.DIRTYPE), ("./yes/a.wav", wav.getvalue()), ("./README.md", noise))


class Server(HTTPServer):
    """What it serves, how much of it at a time, and what it was asked for."""

    body, at_most, ranges, status = b"", None, True, 200

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[str | None] = []

    def archive(self, body: bytes) -> Archive:
        self.body = body
        return Archive(f"http://127.0.0.1:{self.server_port}/a.tar.gz", len(body), hashlib.sha256(body).hexdigest())


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self):
        s, asked = self.server, self.headers["Range"]
        s.asked.append(asked)
        if s.status != 200:
            self.send_error(s.status)
            return
        start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked and s.ranges else 0
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(s.body) - start))
        self.end_headers()
        self.wfile.write(s.body[start:][: s.at_most])

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    found = Server()
    thread = threading.Thread(target=found.serve_forever, args=(0.01,))
    thread.start()
    yield found
    found.shutdown()
    thread.join()
    found.server_close()


def names(folder) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*"))


def test_an_archive_is_unpacked_once(server, tmp_path):
    archive, folder = server.archive(words()), tmp_path / "new" / "data"
    assert fetch(archive, folder, quiet=True)
    assert names(tmp_path / "new") == ["data", "data/README.md", "data/yes", "data/yes/a.wav"]
    assert not fetch(archive, folder, quiet=True) and len(server.asked) == 1
    (tmp_path / "empty").mkdir()
    assert fetch(archive, tmp_path / "empty", quiet=True)


def test_what_is_in_the_folder_stays(server, tmp_path):
    (tmp_path / "mine").write_text("mine")
    assert not fetch(server.archive(words()), tmp_path, quiet=True)
    assert not fetch(server.archive(words()), tmp_path / "mine", quiet=True)
    assert names(tmp_path) == ["mine"] and server.asked == []


@pytest.mark.parametrize("ranges", [True, False])
def test_an_interrupted_download_goes_on(ranges, server, tmp_path):
    archive, folder = server.archive(words()), tmp_path / "data"
    server.at_most, server.ranges = 3000, ranges
    with pytest.raises(DataError, match=r"3,000 of \d,\d+ bytes are kept, and the same line goes on"):
        fetch(archive, folder, quiet=True)
    assert names(tmp_path) == ["data.tar.gz.partial"]
    server.at_most = None
    assert fetch(archive, folder, quiet=True)
    assert server.asked == [None, "bytes=3000-"] and (folder / "yes" / "a.wav").exists()


def test_another_archive_is_refused_and_removed(server, tmp_path):
    archive = server.archive(words())
    for other in (words()[:-9] + bytes(9), words() + b"more", packed(("yes/a.wav", bytes(10)))):
        server.body = other
        with pytest.raises(DataError, match=r"not what was published|ended early"):
            fetch(archive, tmp_path / "data", quiet=True)
        assert not (tmp_path / "data").exists()
        for left in tmp_path.iterdir():
            left.unlink()
    server.body = words()
    (tmp_path / "data.tar.gz.partial").write_bytes(bytes(len(words()) + 1))  # from another time
    assert fetch(archive, tmp_path / "data", quiet=True)


@pytest.mark.parametrize(
    "member",
    [
        ("../out.wav", b"x"),
        ("yes/../../out.wav", b"x"),
        ("/out.wav", b"x"),
        ("yes/link", b"", tarfile.SYMTYPE),
        ("yes/link", b"", tarfile.LNKTYPE),
        ("yes/pipe", b"", tarfile.FIFOTYPE),
    ],
)
def test_nothing_is_unpacked_outside_the_folder(member, server, tmp_path):
    archive = server.archive(packed(("yes/a.wav", b"x"), member))
    with pytest.raises(DataError, match="nothing was unpacked"):
        fetch(archive, tmp_path / "in" / "data", quiet=True)
    assert names(tmp_path) == ["in", "in/data.tar.gz.partial"]


def test_failures_are_sentences(server, tmp_path, monkeypatch, capsys):
    arguments = ["--data", tmp_path / "data", "--download"]
    monkeypatch.setattr(download, "TIMEOUT", 0.2)
    server.status = 404
    for module, name in ((train, "SPEECH_COMMANDS"), (evaluate, "TEST_SET")):
        monkeypatch.setattr(module, name, server.archive(words()))
        first = [MODEL] if module is evaluate else []
        assert "the server says 404 Not Found" in sentence(capsys, module.main, *first, *arguments)
    server.status = 200
    assert "no training clips" in sentence(capsys, train.main, *arguments)  # it was fetched and read
    monkeypatch.setattr(train, "SPEECH_COMMANDS", Archive("http://127.0.0.1:9/a.tar.gz", 10, ""))
    assert "refused; 0 of 10 bytes" in sentence(capsys, train.main, "--data", tmp_path / "other", "--download")


@pytest.mark.parametrize("data", ["synthetic", "a.npz"])
def test_only_a_folder_is_downloaded(data, capsys):
    with pytest.raises(SystemExit):
        train.main(["--data", data, "--download"])
    assert "name one folder" in capsys.readouterr().err
