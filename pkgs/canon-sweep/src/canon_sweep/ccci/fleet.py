"""All recipes of cc-ci's tree: each folder's settings, and who is used without being tested."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from canon_sweep.ccci import meta, used
from canon_sweep.ccci.beside import META, read_beside
from canon_sweep.ccci.found import Imported, Item, Origin, Question, Secret, Setting, gathered
from canon_sweep.ccci.source import SourceError
from canon_sweep.ccci.source import read as read_source
from canon_sweep.ccci.tree import Folder, Tree, Unread
from canon_sweep.core import names

RECIPE = "{recipe}"
_OURS = Origin("")


class Remotes(msgspec.Struct, frozen=True):
    """Where recipes are maintained and mirrored; ``{recipe}`` stands for a recipe's name."""

    upstream: str
    mirror: str


class Fleet(msgspec.Struct, frozen=True):
    """What an import comes to; ``questions`` are those of no single recipe."""

    recipes: tuple[Imported, ...]
    questions: tuple[Question, ...]
    unread: tuple[Unread, ...]

    @property
    def all_questions(self) -> tuple[Question, ...]:
        """Every question, in the order of the places that they are about."""
        own = (question for recipe in self.recipes for question in recipe.questions)
        return tuple(sorted((*self.questions, *own), key=lambda q: (q.origin, not q.open, q.text)))


def read_fleet(tree: Tree, remotes: Remotes, secrets: str | None) -> Fleet:
    """Every folder's settings; ``secrets`` is the folder that values go to which are secret."""
    unread = list(tree.unread)
    questions: list[Question] = []
    recipes: list[Imported] = []
    listed = {each.name: Origin(page, each.line) for page, each in _listed(tree) if each.name}
    for folder in tree.folders:
        unread += folder.unread
        if folder.meta is None and folder.name not in listed:
            questions += _no_recipe(folder)
        elif problem := names.recipe_problem(folder.name):
            questions.append(Question(Origin(names.plain(folder.path)), problem))
        else:
            try:
                items = tuple(_items(folder, remotes, secrets))
                recipes.append(gathered(folder.name, items))
            except SourceError as error:
                unread.append(Unread(f"{folder.path}/{META}", str(error)))
    questions += _compared(tree, listed)
    return Fleet(tuple(recipes), tuple(questions), tuple(unread))


def _items(folder: Folder, remotes: Remotes, secrets: str | None) -> Iterator[Item]:
    if folder.meta is None and any(each.file.endswith(META) for each in folder.unread):
        raise SourceError("not read, so that nothing is known of the recipe")
    for key, url in (("upstream", remotes.upstream), ("mirror", remotes.mirror)):
        yield Setting((key,), url.replace(RECIPE, folder.name), _OURS)
    file = f"{folder.path}/{META}"
    if folder.meta is None:
        yield Question(Origin(file), "there is none: nothing asks whether the app works")
    else:
        for item in meta.read(read_source(folder.meta), file):
            yield item if not isinstance(item, Secret) else _kept(item, folder.name, secrets)
            if isinstance(item, Secret) and secrets is not None:
                path = f"{secrets}/{folder.name}/{item.name}"
                yield Setting(("envFiles", item.name), path, item.origin)
    yield from read_beside(folder.files, folder.path)


def _kept(secret: Secret, recipe: str, secrets: str | None) -> Item:
    if secrets is not None:
        return secret
    return Question(
        secret.origin,
        f"{secret.name} of {recipe} looks like a secret: name a folder for it with --secrets-dir,"
        " or write a file and name it in envFiles",
    )


def _no_recipe(folder: Folder) -> Iterator[Question]:
    if not any(each.file.endswith(META) for each in folder.unread):
        text = f"has no {META} and is in no list of used recipes: no recipe"
        yield Question(Origin(names.plain(folder.path)), text, open=False)


def _listed(tree: Tree) -> Iterator[tuple[str, used.Used]]:
    for page, text in tree.lists:
        for each in used.read(text):
            yield page, each


def _compared(tree: Tree, listed: dict[str, Origin]) -> Iterator[Question]:
    """Who is used and not tested, and the other way round."""
    if not tree.lists:
        text = "no used-recipes.md: nothing says whether these are all"
        yield Question(Origin("."), text)
        return
    for page, each in _listed(tree):
        if not each.name:
            text = f"no recipe's name can be told in {names.printable(each.text)}"
            yield Question(Origin(page, each.line), text)
    with_meta = {folder.name for folder in tree.folders}
    for name, origin in listed.items():
        if name not in with_meta:
            text = f"{name} is used, and has no folder in tests: write its settings"
            yield Question(origin, text)
    for folder in tree.folders:
        if folder.meta is not None and folder.name not in listed:
            text = "is in no list of used recipes: if it is not used, take it out"
            yield Question(Origin(names.plain(folder.path)), text)
