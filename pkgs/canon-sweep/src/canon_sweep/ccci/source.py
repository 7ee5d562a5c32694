"""The names that a settings file gives, read from its text: nothing is ever executed."""

from __future__ import annotations

import ast
import gc
import warnings
from collections.abc import Iterator

import msgspec

from canon_sweep.ccci.comment import Comment, beside, comments_of
from canon_sweep.ccci.expression import Reader, Work
from canon_sweep.ccci.value import Hook, Undecided, UndecidedError
from canon_sweep.core import names

MAX_UNFOLLOWED = 100
"""Statements of one file that are not followed; whatever has more is a program."""

_Function = ast.FunctionDef | ast.AsyncFunctionDef


class SourceError(Exception):
    """A text that is no Python; says why, with the line if there is one."""


class Given(msgspec.Struct, frozen=True):
    """A name that a file gives a value, and the line in which it does.

    ``value`` is `Undecided` where it cannot be told, and a hook's is what it returns;
    ``comment`` is what the file says beside it, quoted.
    """

    name: str
    line: int
    value: object
    is_hook: bool = False
    comment: str = ""


class Source(msgspec.Struct, frozen=True):
    """What a file says: its names in order, and the statements that nobody can follow."""

    given: tuple[Given, ...]
    unfollowed: tuple[Undecided, ...]
    functions: tuple[str, ...] = ()


def read(text: str) -> Source:
    """Read a file's names.

    Raises:
        SourceError: it is no Python.
    """
    scope = _Scope(comments=comments_of(text))
    for number, statement in enumerate(_parsed(text).body):
        if number == 0 and _is_docstring(statement):
            continue
        scope.read(statement)
    return scope.source()


def _parsed(text: str) -> ast.Module:
    # what Python code a collection of garbage runs, Python 3.11 counts as the parser's depth
    was_on = gc.isenabled()
    gc.disable()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except SyntaxError as error:
        told = names.plain(error.msg)[:120]
        raise SourceError(f"line {error.lineno or 1} is no Python: {told}") from None
    except (RecursionError, MemoryError):
        raise SourceError("it is nested too deeply") from None
    except ValueError as error:
        raise SourceError(f"it is no Python: {names.plain(str(error))[:120]}") from None
    finally:
        if was_on:
            gc.enable()


class _Scope(msgspec.Struct):
    """What has been named so far, what each of it was made of, and what it is a part of."""

    values: dict[str, object] = msgspec.field(default_factory=dict)
    lines: dict[str, int] = msgspec.field(default_factory=dict)
    made_of: dict[str, set[str]] = msgspec.field(default_factory=dict)
    part_of: dict[str, set[str]] = msgspec.field(default_factory=dict)
    unfollowed: list[Undecided] = msgspec.field(default_factory=list)
    functions: list[str] = msgspec.field(default_factory=list)
    work: Work = msgspec.field(default_factory=Work)
    comments: dict[int, Comment] = msgspec.field(default_factory=dict)

    def read(self, statement: ast.stmt) -> None:
        """Take a statement of the file's first level."""
        match statement:
            case ast.Pass():
                pass
            case ast.Assign(targets=targets, value=value) if all(
                isinstance(target, ast.Name) for target in targets
            ):
                for target in targets:
                    assert isinstance(target, ast.Name)
                    self._assign(target.id, statement.lineno, value)
            case ast.AnnAssign(target=ast.Name(id=name), value=value):
                if value is not None:
                    self._assign(name, statement.lineno, value)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                self.functions.append(statement.name)
                self._put(
                    statement.name, statement.lineno, _hook_of(statement), _read_in(statement)
                )
            case ast.Import() | ast.ImportFrom():
                self._import(statement)
            case _:
                self._unfollowed(statement)

    def source(self) -> Source:
        """All that was said; hooks are worth what they would return in the end."""
        return Source(
            given=tuple(
                Given(
                    name,
                    self.lines[name],
                    self._told(value),
                    isinstance(value, Hook),
                    beside(self.comments, self.lines[name]),
                )
                for name, value in sorted(self.values.items(), key=lambda each: self.lines[each[0]])
            ),
            unfollowed=tuple(self.unfollowed),
            functions=tuple(self.functions),
        )

    def _told(self, value: object) -> object:
        if not isinstance(value, Hook):
            return value
        try:
            return Reader(self.values, self.work, value.parameter).value(value.body)
        except UndecidedError as error:
            return error.undecided

    def _assign(self, name: str, line: int, node: ast.expr) -> None:
        self._put(name, line, self._value(node), _read_in(node))

    def _value(self, node: ast.expr) -> object:
        if isinstance(node, ast.Lambda):
            return _function(node.lineno, node.args, node.body)
        if isinstance(node, ast.Name) and isinstance(self.values.get(node.id), Hook):
            return self.values[node.id]
        try:
            return Reader(self.values, self.work).value(node)
        except UndecidedError as error:
            return error.undecided

    def _put(self, name: str, line: int, value: object, made_of: set[str]) -> None:
        self.values[name] = value
        self.lines[name] = line
        for part in self.made_of.get(name, ()):
            self.part_of[part].discard(name)
        self.made_of[name] = made_of
        for part in made_of:
            self.part_of.setdefault(part, set()).add(name)

    def _import(self, node: ast.Import | ast.ImportFrom) -> None:
        for alias in node.names:
            name = alias.asname or alias.name.partition(".")[0]
            if name == "*":
                self._unfollowed(node)
            elif not (isinstance(node, ast.ImportFrom) and node.module == "__future__"):
                why = f"{name} comes from another file"
                self._put(name, node.lineno, Undecided(node.lineno, why), set())

    def _unfollowed(self, node: ast.stmt) -> None:
        """Whatever a statement touches may be something else behind it."""
        if len(self.unfollowed) >= MAX_UNFOLLOWED:
            raise SourceError(f"more than {MAX_UNFOLLOWED} of its statements are not followed")
        self.unfollowed.append(Undecided(node.lineno, f"{_kind(node)} is not followed"))
        touched = _read_in(node) & self.values.keys() | set(_bound_in(node))
        why = Undecided(node.lineno, f"is touched by line {node.lineno}, which is not followed")
        for name in sorted(touched):
            self._put(name, node.lineno, why, set())
        known, todo = set(touched), list(touched)
        while todo:
            more = self.part_of.get(todo.pop(), set()) - known
            for name in more:
                self.values[name] = why
            known |= more
            todo += more


def _read_in(node: ast.AST) -> set[str]:
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}


def _bound_in(node: ast.AST) -> Iterator[str]:
    for each in ast.walk(node):
        match each:
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
                yield name
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield each.name
            case ast.alias():
                yield each.asname or each.name.partition(".")[0]


def _is_docstring(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def _hook_of(node: _Function) -> Hook | Undecided:
    body = node.body[1:] if _is_docstring(node.body[0]) else node.body
    match body:
        case [ast.Return(value=ast.expr() as value)]:
            pass
        case _:
            return Undecided(node.lineno, "does more than return one expression")
    if node.decorator_list or isinstance(node, ast.AsyncFunctionDef):
        return Undecided(node.lineno, "is no plain function")
    return _function(node.lineno, node.args, value)


def _function(line: int, arguments: ast.arguments, body: ast.expr) -> Hook | Undecided:
    match arguments:
        case ast.arguments(
            posonlyargs=[],
            args=[ast.arg(arg=parameter)],
            vararg=None,
            kwonlyargs=[],
            kwarg=None,
            defaults=[],
        ):
            return Hook(line, parameter, body)
        case _:
            return Undecided(line, "is no function of one argument")


def _kind(node: ast.stmt) -> str:
    kinds: dict[type[ast.stmt], str] = {
        ast.If: "an if",
        ast.For: "a loop",
        ast.While: "a loop",
        ast.Try: "a try",
        ast.With: "a with",
        ast.ClassDef: "a class",
        ast.AugAssign: "a change in place",
        ast.Delete: "a deletion",
        ast.Assign: "an assignment to more than a name",
        ast.Expr: "what is called here",
        ast.ImportFrom: "an import of everything",
    }
    return kinds.get(type(node), "a statement of another kind")
