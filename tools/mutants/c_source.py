"""Small changes of C source, found token by token.

Left out: comments, the preprocessor, texts, tables of names, and how large an array is declared. What the compiler
makes the same code of is left out by whoever compiles it.
"""

import re

from tools.mutants.mutant import Change, larger

TOKEN = re.compile(
    rb"""(?P<skip>\s+|//[^\n]*|/\*.*?\*/|\#(?:[^\n\\]|\\.)*)"""
    rb"""|(?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')"""
    rb"""|(?P<number>\d[\w.]*)|(?P<word>[A-Za-z_]\w*)"""
    rb"""|(?P<sign><<=|>>=|->|\+\+|--|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^]=|[-+*/%&|^~!<>=?:;,.(){}\[\]])""",
    re.DOTALL,
)
COMPARISONS = {b"<": b">=", b"<=": b">", b">": b"<=", b">=": b"<", b"==": b"!=", b"!=": b"=="}
LIMITS = {b"<": b"<=", b"<=": b"<", b">": b">=", b">=": b">"}
# of two operands: written with a space on either side, which tells them from pointers and prefixes
SIGNS = {
    b"+": b"-", b"-": b"+", b"*": b"+", b"/": b"*", b"%": b"/", b"<<": b">>", b">>": b"<<", b"&": b"|", b"|": b"&",
    b"^": b"|", b"+=": b"-=", b"-=": b"+=", b"*=": b"+=", b"/=": b"*=", b"|=": b"&=", b"&=": b"|=", b">>=": b"<<=",
    b"<<=": b">>=",
}  # fmt: skip
LOGIC = {b"&&": b"||", b"||": b"&&"}
# what begins a statement that can be missing
JUMPS = {b"return", b"break", b"continue"}
NO_EFFECT = {b"else", b"do", b"while", b"for", b"if", b"typedef", b"enum"}
TYPES = re.compile(rb"(const|static|volatile|struct|enum|unsigned|int|bool|void|char|\w+_t|[A-Z]\w*)$")
NAMES = re.compile(rb"(static const mp_rom_map_elem_t|(static )?MP_DEFINE_CONST\w*|MP_REGISTER_\w+)\b")


class Token:
    def __init__(self, kind: str, start: int, end: int, text: bytes):
        self.kind, self.start, self.end, self.text = kind, start, end, text


def tokens(source: bytes) -> list[Token]:
    """All but spaces, comments and the preprocessor."""
    found, at = [], 0
    while at < len(source):
        match = TOKEN.match(source, at)
        if not match:
            raise ValueError(f"byte {at} begins no token of C: {source[at : at + 20]!r}")
        kind = match.lastgroup or ""  # each alternative is a named group
        if kind != "skip":
            found.append(Token(kind, match.start(), match.end(), match.group()))
        at = match.end()
    return found


def _more(number: bytes) -> bytes | None:
    """The next integer, or twice one from 1000 on, in the same notation."""
    match = re.fullmatch(rb"(0[xX][0-9a-fA-F]+|\d+)([uUlL]*)", number)
    if not match:
        return None
    value, suffix = match.groups()
    if value[:2].lower() == b"0x":
        return b"0x%X" % larger(int(value, 16)) + suffix
    return b"%d" % larger(int(value)) + suffix


def _statements(source: bytes, found: list[Token]):
    """(first, last) of the tokens of each simple statement in a body, with how deep in blocks it is."""
    depth = parens = begin = 0
    for i, token in enumerate(found):
        if token.text == b"(":
            parens += 1
        elif token.text == b")":
            parens -= 1
        elif token.text in (b"{", b"}"):
            depth += 1 if token.text == b"{" else -1
            begin = i + 1
        elif token.text == b":" and found[begin].text in (b"case", b"default"):
            begin = i + 1
        elif token.text == b";" and not parens:
            if depth and begin < i:
                yield begin, i, depth
            begin = i + 1


def _declares(found: list[Token], begin: int) -> bool:
    first, second = found[begin], found[begin + 1]
    return (
        first.kind == "word"
        and first.text not in JUMPS
        and (second.kind == "word" or (second.text == b"*" and bool(TYPES.match(first.text))))
    )


def changes(source: bytes) -> list[Change]:
    """All changes of a C file; some may not compile."""
    found = tokens(source)
    tables = [(m.start(), source.index(b";", m.end())) for m in NAMES.finditer(source)]
    result = []

    def change(kind: str, first: Token, after: bytes, last: Token | None = None) -> None:
        if not any(low <= first.start < high for low, high in tables):
            result.append(Change(kind, first.start, (last or first).end, after))

    sizes = set()
    for begin, end, depth in _statements(source, found):
        first = found[begin]
        if _declares(found, begin):
            sizes |= {i for i in range(begin, end) if found[i].kind == "number" and found[i - 1].text == b"["}
        elif first.text in JUMPS:
            if depth > 1:
                change("dropped", first, b"", found[end - 1])
        elif (first.kind == "word" and first.text not in NO_EFFECT) or first.text in (b"*", b"(", b"++", b"--"):
            change("dropped", first, b"", found[end - 1])
    for i, token in enumerate(found):
        spaced = source[token.start - 1 : token.start].isspace() and source[token.end : token.end + 1].isspace()
        if token.kind == "number" and i not in sizes:
            more = _more(token.text)
            if more:
                change("constant", token, more)
        elif token.kind == "word" and token.text in (b"true", b"false"):
            change("constant", token, b"false" if token.text == b"true" else b"true")
        elif token.kind != "sign":
            continue
        elif token.text in COMPARISONS and spaced:
            change("comparison", token, COMPARISONS[token.text])
            if token.text in LIMITS:
                change("limit", token, LIMITS[token.text])
        elif token.text in SIGNS and spaced:
            change("sign", token, SIGNS[token.text])
        elif token.text in LOGIC:
            change("logic", token, LOGIC[token.text])
        elif token.text == b"!" and not spaced:
            change("logic", token, b"")
        elif token.text in (b"++", b"--"):
            change("sign", token, b"--" if token.text == b"++" else b"++")
        elif token.text == b"-" and not source[token.end : token.end + 1].isspace():
            change("sign", token, b"")
    return result
