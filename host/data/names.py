"""Folder names that mean a word though they are not spelled like it: 'Go', 'go ', 'go - Copy', another Unicode form."""

import re
from collections.abc import Iterable

from host.base.text import normal

# as Windows, macOS and Linux desktops call copies, in a few languages
_COPY = re.compile(
    r"^(copy of|kopie von|copie de|copia di|copia de) "
    r"|[ _-]+\(?(another )?(copy|kopie|copie|copia)\)?( ?\(?\d+\)?)?$| ?\(\d+\)$"
)


def key(name: str) -> str:
    """What names have in common that mean the same word."""
    folded = normal(normal(name).casefold()).strip()
    return re.sub(r"[\s_-]+", "_", _COPY.sub("", folded)).strip("_.") or folded


def near(name: str, words: Iterable[str]) -> str | None:
    """The word that a name means: itself, one spelled alike, or None."""
    words = tuple(words)
    if name in words:
        return name
    return next((w for w in words if key(w) == key(name)), None)
