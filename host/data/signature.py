"""What a file is that is called a recording and cannot be read as one, by its first bytes."""

from host.data.findings import AGAIN, CONVERT, Kind

LFS = Kind("a pointer of Git LFS instead of sound", "git lfs pull fetches what it points to")
WEB_PAGE = Kind("a web page instead of sound", "fetch again: the address was wrong, or asks to log in")
NOTHING = Kind("of 0 bytes", "copy it again")
ZEROS = Kind("of zeros, without a header", AGAIN)
PACKED = Kind("a packed archive instead of sound", "unpack it")
TEXT = Kind("text instead of sound", AGAIN)
FOREIGN = Kind("damaged or in a format that is not read", CONVERT)
UNREADABLE = Kind("not readable", f"{CONVERT}, unless it is damaged")

# where, what is there, how it is called
_FORMATS = (
    (4, b"ftyp", "MP4 or M4A"), (0, b"ID3", "MP3"), (0, b"\xff\xfb", "MP3"), (0, b"#!AMR", "AMR"),
    (0, b"\x1aE\xdf\xa3", "WebM or Matroska"), (0, b"\x30\x26\xb2\x75", "WMA"), (0, b"\xff\xf1", "AAC"),
    (0, b"wvpk", "WavPack"), (0, b"OggS", "Ogg"), (0, b"fLaC", "FLAC"),
)  # fmt: skip


def unreadable(head: bytes, reason: str) -> tuple[Kind, str]:
    """(kind, detail) of a file that libsndfile refuses for a reason; head: its first few hundred bytes."""
    if not head:
        return NOTHING, ""
    if head.startswith(b"version https://git-lfs"):
        return LFS, ""
    if head.lstrip()[:1] == b"<" and b"html" in head.lower():
        return WEB_PAGE, ""
    if not any(head):
        return ZEROS, ""
    if head[:4] in (b"PK\3\4", b"\x1f\x8b\x08\x00", b"7z\xbc\xaf", b"Rar!"):
        return PACKED, ""
    for at, mark, name in _FORMATS:
        if head[at : at + len(mark)] == mark:
            return FOREIGN, name
    if all(32 <= byte < 127 or byte in b"\t\r\n" for byte in head):
        return TEXT, ""
    # libsndfile says that of MP3 it cannot decode, though the file was opened a moment ago
    return UNREADABLE, "damaged" if "not exist" in reason else reason.strip().rstrip(".")
