"""Text that comes from outside: one spelling for each word, and what of it a terminal may see."""

import unicodedata

MARKS = ("Mn", "Mc")  # Unicode's kinds of vowel signs and accents; they follow their letter
JOINERS = "\u200c\u200d"  # invisible, between letters of Persian or Sinhala words


def normal(text: str) -> str:
    """The composed form (NFC), in which "e" with an accent behind it and the one letter are the same word.

    Python escapes a name's bytes where its locale has no letters for them; as UTF-8 they have.
    """
    return unicodedata.normalize("NFC", text.encode(errors="surrogateescape").decode(errors="surrogateescape"))


def of_word(char: str) -> bool:
    """Whether a character may stand within a word: a letter, a digit, a mark, a joiner or _."""
    return char.isalnum() or char == "_" or char in JOINERS or unicodedata.category(char) in MARKS


def is_word(text: str) -> bool:
    """Whether a text is one lower-case word, which may have - inside."""
    return text == text.lower() and all(part[:1].isalnum() and all(map(of_word, part)) for part in text.split("-"))


def printable(text: str, also: str = "") -> str:
    """Text for a terminal, which obeys unprintable characters; those of `also` pass."""
    return "".join(c if c.isprintable() or c in JOINERS or c in also else "\N{REPLACEMENT CHARACTER}" for c in text)


def percent(share: float | None, digits: int = 1) -> str:
    """A share of 0 to 1 for people; "-" where there is none."""
    return "-" if share is None else f"{100 * share:.{digits}f} %"
