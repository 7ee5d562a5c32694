"""Every remote asked at once what it has: nothing is fetched, pushed or written."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from canon_sweep.core.address import read_address
from canon_sweep.core.denial import remedy
from canon_sweep.core.names import plain
from canon_sweep.doctor.remote import Sides, Told, UnseenFault
from canon_sweep.doctor.viewer import Viewer
from canon_sweep.errors import Fault, HostFault, SyncFault
from canon_sweep.mirror import folder
from canon_sweep.mirror.pool import Answer, Pool, Question
from canon_sweep.settings.recipe import Recipe
from canon_sweep.settings.records import Settings

LONGEST = 30.0
"""Seconds for one remote: a sync may take longer, and a person who waits does not."""

Ask = Callable[[Sequence[Question]], Sequence[Told]]


@contextmanager
def asking(settings: Settings) -> Iterator[Ask]:
    """Whom to ask; it is entered in the main thread, before there are others.

    Raises:
        HostFault: no process can be had for it, or no folder.
    """
    try:
        folder = tempfile.TemporaryDirectory(prefix="canon-sweep-doctor-")
    except OSError as error:
        what = f"there is no folder for what does not stay: {error.strerror}"
        raise HostFault(what, do=f"{remedy(error.errno)}; $TMPDIR names another") from error
    with (
        folder as tmp,
        Pool.made(
            settings.credentials,
            Path(tmp),
            parallel=settings.survey.parallel,
            per_server=settings.survey.per_host,
        ) as pool,
    ):
        yield lambda questions: _answers(pool, questions)


def sides_of(
    settings: Settings, recipes: Sequence[Recipe], viewer: Viewer, ask: Ask
) -> tuple[Sides, ...]:
    """What the remotes of these recipes say of themselves."""
    seconds = min(LONGEST, float(settings.sync_timeout))
    questions = [each for recipe in recipes for each in _questions(recipe, seconds)]
    told: dict[int, Told] = {
        number: unseen
        for number, question in enumerate(questions)
        if (unseen := _unseen(question, settings, viewer)) is not None
    }
    left = [number for number in range(len(questions)) if number not in told]
    told |= zip(left, ask([questions[number] for number in left]), strict=True)
    # three of each recipe, in the order of `_questions`
    threes = zip(*(iter(told[number] for number in range(len(questions))),) * 3, strict=True)
    return tuple(
        Sides(
            recipe=recipe.name,
            branch=recipe.settings.branch,
            upstream_url=recipe.settings.upstream,
            mirror_url=recipe.settings.mirror,
            upstream=upstream,
            mirror=mirror,
            push=push,
        )
        for recipe, (upstream, mirror, push) in zip(recipes, threes, strict=True)
    )


def _questions(recipe: Recipe, seconds: float) -> tuple[Question, Question, Question]:
    own = recipe.settings
    return (
        Question(own.upstream, seconds, branch=own.branch),
        Question(own.mirror, seconds, role="mirror"),
        Question(own.mirror, seconds, role="mirror", to_push=True),
    )


def _unseen(question: Question, settings: Settings, viewer: Viewer) -> Fault | None:
    """Why a remote need not be asked: the answer would be about somebody else, or is known."""
    address = read_address(question.url)
    login = settings.login(question.url)
    if login is not None and not viewer.is_owner:
        for file in login.files:
            if not viewer.may_read(file):
                return UnseenFault(f"{address.shown}: you may not read {file}", do=viewer.instead)
    if address.scheme == "file" and not viewer.is_owner:
        what = f"{address.shown} is a folder: what {viewer.owner} may do there"
        return UnseenFault(what, do=viewer.instead)
    if question.to_push and (why := folder.unwritable(question.url)):
        return SyncFault(f"{address.shown} cannot be pushed to: {why}", do=folder.OWN)
    return None


def _answers(pool: Pool, questions: Sequence[Question]) -> list[Told]:
    told: list[Told] = [UnseenFault("nobody has asked it")] * len(questions)
    try:
        for heard in pool.ask(questions):
            told[heard.number] = _told(heard.answer)
    except Fault as fault:
        missing = UnseenFault(fault.what, do=fault.do)
        return [missing if isinstance(each, UnseenFault) else each for each in told]
    return told


def _told(answer: Answer) -> Told:
    if answer.traceback:
        last = plain(answer.traceback.strip().splitlines()[-1][:200])
        return UnseenFault(f"a mistake of ours while it was asked: {last}")
    try:
        return answer.told
    except SyncFault as fault:
        return fault
