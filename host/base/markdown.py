"""Pages of Markdown that a command writes, whole or in part."""


def table(head: tuple, *body: tuple) -> str:
    """A table, its cells as they print; without a line's end behind it."""
    lines = ["| " + " | ".join(map(str, row)) + " |" for row in (head, *body)]
    return "\n".join([lines[0], "|" + "---|" * len(head), *lines[1:]])


def part(name: str, text: str) -> str:
    """A part of a page that a command writes, between two lines that name it."""
    return f"<!-- {name}: written by a command -->\n\n{text}\n<!-- end of {name} -->\n"


def replaced(page: str, parts: dict[str, str]) -> str:
    """The page with its parts of these names; ValueError where it has no place for one."""
    for name, text in parts.items():
        begin, end = f"<!-- {name}: written by a command -->\n", f"<!-- end of {name} -->\n"
        if page.count(begin) != 1 or page.count(end) != 1:
            raise ValueError(f"the page has no place for the table {name}")
        before, _, rest = page.partition(begin)
        page = before + part(name, text) + rest.partition(end)[2]
    return page
