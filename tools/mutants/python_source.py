"""Small changes of Python source, found by its syntax tree.

Left out, because no behaviour follows from it: texts (docstrings, messages, help, f-strings, what is printed, logged or
raised), annotations, decorators, imports, patterns, drawing, and the lines that make a module a command.
"""

import ast
import re

from tools.mutants.mutant import Change, larger

COMPARISONS = {
    ast.Eq: ("==", "!="), ast.NotEq: ("!=", "=="), ast.Lt: ("<", ">="), ast.LtE: ("<=", ">"), ast.Gt: (">", "<="),
    ast.GtE: (">=", "<"), ast.Is: ("is", "is not"), ast.IsNot: ("is not", "is"), ast.In: ("in", "not in"),
    ast.NotIn: ("not in", "in"),
}  # fmt: skip
LIMITS = {ast.Lt: ("<", "<="), ast.LtE: ("<=", "<"), ast.Gt: (">", ">="), ast.GtE: (">=", ">")}
SIGNS = {
    ast.Add: ("+", "-"), ast.Sub: ("-", "+"), ast.Mult: ("*", "+"), ast.Div: ("/", "*"), ast.FloorDiv: ("//", "*"),
    ast.Mod: ("%", "//"), ast.LShift: ("<<", ">>"), ast.RShift: (">>", "<<"), ast.BitAnd: ("&", "|"),
    ast.BitOr: ("|", "&"), ast.BitXor: ("^", "|"), ast.Pow: ("**", "*"),
}  # fmt: skip
LOGIC = {ast.And: ("and", "or"), ast.Or: ("or", "and")}
EXTREMES = {"min": "max", "max": "min", "minimum": "maximum", "maximum": "minimum", "any": "all", "all": "any"}
EXTREMES |= {"argmin": "argmax", "argmax": "argmin"}
# calls whose arguments are for the eye
TALK = {"print", "say", "log", "tqdm", "add_argument", "add_mutually_exclusive_group", "ArgumentParser", "set_postfix"}
TALK |= {"add_argument_group", "print_exception", "write_text_line", "warn"}
DRAWS = re.compile(r"_?(draw|plot)")


def _called(node: ast.Call) -> str:
    match node.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def _is_text(node: ast.AST) -> bool:
    match node:
        case ast.Constant(value=str() | bytes()) | ast.JoinedStr() | ast.List() | ast.Tuple():
            return True
        case ast.BinOp(left=left, right=right):
            return _is_text(left) or _is_text(right)
    return False


class _Finder(ast.NodeVisitor):
    def __init__(self, source: bytes):
        self.source = source
        self.starts = [0]
        for line in source.splitlines(keepends=True):
            self.starts.append(self.starts[-1] + len(line))
        self.changes: list[Change] = []

    def start(self, node) -> int:
        return self.starts[node.lineno - 1] + node.col_offset

    def end(self, node) -> int:
        return self.starts[node.end_lineno - 1] + node.end_col_offset

    def replace(self, kind: str, node, after: str) -> None:
        self.changes.append(Change(kind, self.start(node), self.end(node), after.encode()))

    def between(self, kind: str, left, right, before: str, after: str) -> None:
        """The operator between two operands."""
        low, high = self.end(left), self.start(right)
        words = rb"\s+".join(re.escape(w) for w in before.encode().split())
        found = re.search(rb"(?<![\w])" + words + rb"(?![\w])" if before[0].isalpha() else words, self.source[low:high])
        if found:
            self.changes.append(Change(kind, low + found.start(), low + found.end(), after.encode()))

    # ---- what is left out ----

    def visit_FunctionDef(self, node):
        if not DRAWS.match(node.name):
            for default in [*node.args.defaults, *filter(None, node.args.kw_defaults)]:
                self.visit(default)
            self.body(node.body)

    def visit_ClassDef(self, node):
        self.body(node.body)

    def visit_Module(self, node):
        self.body(node.body)

    def body(self, statements) -> None:
        for statement in statements:
            self.visit(statement)

    def visit_AnnAssign(self, node):
        if node.value:
            self.visit(node.value)

    def visit_Import(self, node):
        pass

    visit_ImportFrom = visit_JoinedStr = visit_MatchValue = visit_MatchSingleton = visit_MatchClass = visit_Import

    def visit_Raise(self, node):
        self.drop(node)

    def visit_Assert(self, node):
        self.visit(node.test)

    def visit_Assign(self, node):
        names = {t.id for t in node.targets if isinstance(t, ast.Name)}
        if names & {"__slots__", "__all__"}:
            return
        if any(isinstance(t, ast.Attribute | ast.Subscript) for t in node.targets):
            self.drop(node)
        self.generic_visit(node)

    # ---- what is changed ----

    def drop(self, node) -> None:
        self.replace("dropped", node, "pass")

    def visit_AugAssign(self, node):
        self.drop(node)
        if type(node.op) in SIGNS and not _is_text(node.value):
            before, after = SIGNS[type(node.op)]
            self.between("sign", node.target, node.value, before + "=", after + "=")
        self.visit(node.value)

    def visit_Expr(self, node):
        if isinstance(node.value, ast.Call) and _called(node.value) not in TALK:
            self.drop(node)
            self.visit(node.value)
        elif isinstance(node.value, ast.Yield | ast.YieldFrom | ast.Await):
            self.visit(node.value)

    def visit_Delete(self, node):
        self.drop(node)

    visit_Continue = visit_Break = visit_Delete

    def visit_Call(self, node):
        name = _called(node)
        if name in TALK:
            return
        if name in EXTREMES:
            end = self.end(node.func)
            self.changes.append(Change("min/max", end - len(name), end, EXTREMES[name].encode()))
        self.generic_visit(node)

    def visit_Compare(self, node):
        for left, op, right in zip([node.left, *node.comparators], node.ops, node.comparators, strict=False):
            for kind, table in (("comparison", COMPARISONS), ("limit", LIMITS)):
                if type(op) in table:
                    self.between(kind, left, right, *table[type(op)])
        self.generic_visit(node)

    def visit_BoolOp(self, node):
        for left, right in zip(node.values, node.values[1:], strict=False):
            self.between("logic", left, right, *LOGIC[type(node.op)])
        self.generic_visit(node)

    def visit_BinOp(self, node):
        if not _is_text(node):
            self.between("sign", node.left, node.right, *SIGNS.get(type(node.op), ("@", "@")))
        self.generic_visit(node)

    def visit_UnaryOp(self, node):
        kinds = {ast.Not: "logic", ast.USub: "sign"}
        if type(node.op) in kinds:
            start = self.start(node)
            self.changes.append(Change(kinds[type(node.op)], start, self.start(node.operand), b""))
            if self.source[self.start(node) : self.start(node.operand)].count(b"("):
                self.changes.pop()
        self.generic_visit(node)

    def negate(self, test) -> None:
        """A condition that no operator above turns round."""
        if isinstance(test, ast.Name | ast.Attribute | ast.Call | ast.Subscript):
            start = self.start(test)
            self.changes.append(Change("logic", start, start, b"not "))

    def visit_If(self, node):
        match node.test:
            case ast.Compare(left=ast.Name(id="__name__")):
                return
        self.negate(node.test)
        self.generic_visit(node)

    visit_While = visit_IfExp = visit_If

    def visit_Constant(self, node):
        match node.value:
            case bool():
                self.replace("constant", node, str(not node.value))
            case int():
                text = self.source[self.start(node) : self.end(node)].decode()
                more = larger(node.value)
                self.replace("constant", node, hex(more) if text.lower().startswith("0x") else str(more))
            case float():
                self.replace("constant", node, repr(node.value * 2 if node.value else 1.0))


def changes(source: bytes) -> list[Change]:
    """All changes of a Python file."""
    finder = _Finder(source)
    finder.visit(ast.parse(source))
    return finder.changes


def is_another(source: bytes, mutated: bytes) -> bool:
    """Whether it still is Python, and other than before."""
    try:
        return ast.dump(ast.parse(mutated)) != ast.dump(ast.parse(source))
    except SyntaxError:
        return False
