"""Many remotes asked at once: what each says, and that none can cost another anything."""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from canon_sweep.errors import HostFault, SyncFault
from canon_sweep.mirror.advertisement import Advertisement, BusyFault
from canon_sweep.mirror.essence import digest_of
from canon_sweep.mirror.pool import Answer, Pool, Question
from canon_sweep.mirror.question import listed
from canon_sweep.mirror.schedule import MOST_BUSY, MOST_TRIES, MOST_WAITING, PATIENCE, Schedule
from mirror.conftest import TRANSPORTS
from mirror.servers import Busy, Hostile, HttpServer, advertisement
from mirror.world import World

A_COMMIT = "c0ffee" + "0" * 34


@pytest.fixture
def pool(tmp_path: Path) -> Iterator[Pool]:
    """Eight at once, without any login."""
    with Pool.made({}, tmp_path / "tmp", parallel=8, per_server=8) as pool:
        yield pool


def ask(pool: Pool, *questions: Question) -> list[Answer]:
    """The answers, in the order of the questions."""
    answers = {heard.number: heard.answer for heard in pool.ask(questions)}
    assert sorted(answers) == list(range(len(questions)))
    return [answers[number] for number in range(len(questions))]


def processes_below(pid: int) -> set[int]:
    """The numbers of all processes that a process has started, or they in turn."""
    found = set()
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            for child in map(int, task.read_text().split()):
                found |= {child} | processes_below(child)
    return found


def hang(server: Hostile) -> None:
    """Let a server say nothing for as long as it is there."""

    def talk(connection: socket.socket) -> None:
        server.closing.wait(30)

    server.talk = talk


def drip(server: Hostile) -> None:
    """Let a server say a byte now and then, without end."""

    def talk(connection: socket.socket) -> None:
        connection.sendall(b"ffff")
        with suppress(OSError):
            while not server.closing.wait(0.02):
                connection.sendall(b"x")

    server.talk = talk


@pytest.mark.parametrize("kind", TRANSPORTS)
def test_a_remote_says_what_it_has(
    served: Callable[[str], World], kind: str, tmp_path: Path
) -> None:
    """Whatever it is spoken to over, with what is needed to log in."""
    world = served(kind)
    tmp = tmp_path / "tmp"
    with Pool.made(world.credentials, tmp, parallel=2, per_server=2) as pool:
        [answer] = ask(pool, Question(world.upstream_url, 20))
        [again] = ask(pool, Question(world.upstream_url, 20, known=answer.digest))

    assert dict(answer.told.refs) == world.up.refs()
    assert not answer.same
    assert again == Answer(answer.digest, same=True)
    assert [path.name for path in tmp.glob("run-*")] == []


def test_what_a_forge_has_besides_does_not_matter(world: World, pool: Pool) -> None:
    """A pull request that is opened on a mirror, or somebody's branch, is no sync's business."""
    world.sync()
    question = Question(world.mirror_url, 20, role="mirror")
    [before] = ask(pool, question)
    world.mirror.set("refs/pull/7/head", world.mirror.refs()["refs/heads/main"])
    world.mirror.set("refs/heads/mine", world.mirror.refs()["refs/heads/main"])

    [after] = ask(pool, question)

    assert after.digest == before.digest
    world.mirror.remove("refs/tags/1.0.0+v1")
    [last] = ask(pool, question)
    assert last.digest != before.digest


def test_a_branch_that_is_set_matters(world: World, pool: Pool) -> None:
    """What else upstream has does not, but for its HEAD and its tags."""
    world.up.commit("theirs", branch="stable")
    question = Question(world.upstream_url, 20, branch="stable")
    [before] = ask(pool, question)
    world.up.commit("four")

    [same] = ask(pool, question)
    world.up.commit("theirs too", branch="stable")
    [other] = ask(pool, question)

    assert same.digest == before.digest
    assert other.digest != before.digest


def test_an_odd_advertisement_arrives_as_it_was() -> None:
    """Names that are no text, or have what stands between the words of others."""
    told = Advertisement(
        {"refs/heads/main": A_COMMIT, "refs/heads/a\nb": A_COMMIT, "refs/pull/é": A_COMMIT},
        "refs/heads/\udcff",
        {"refs/tags/\udcfe": A_COMMIT},
    )

    answer = Answer(digest_of(told, "upstream", None), listed=listed(told))

    assert answer.told == told
    assert Answer(listed=listed(Advertisement({}, None, {}))).told == Advertisement({}, None, {})


def test_the_words_of_a_fault_are_those_of_a_sync(world: World, pool: Pool) -> None:
    """Whoever reads a line need not know who asked."""
    world.up.path.rename(world.up.path.with_name("moved.git"))
    with pytest.raises(SyncFault) as caught:
        world.sync()

    [answer, odd] = ask(pool, Question(world.upstream_url, 20), Question("ftp://x/y", 20))

    with pytest.raises(SyncFault) as told:
        _ = answer.told
    assert str(told.value) == str(caught.value)
    with pytest.raises(SyncFault, match="its scheme is none of"):
        _ = odd.told


def test_a_busy_server_is_told_as_busy(world: World, http: HttpServer, tmp_path: Path) -> None:
    """It is asked once more, and the kind of its fault is known on this side too."""
    http.server.busy = [Busy(503, {"Retry-After": "60"}) for _ in range(4)]
    with Pool.made(http.credentials, tmp_path, parallel=1, per_server=1) as pool:
        [answer] = ask(pool, Question(http.url(world.up.path), 5))

    with pytest.raises(BusyFault, match="wants to be left alone for 60 s"):
        _ = answer.told


def test_a_server_that_wants_to_be_asked_less_is(
    world: World, http: HttpServer, tmp_path: Path
) -> None:
    """Who asks it all at once is refused, and nobody's recipe fails for it."""
    http.server.turns = threading.Lock()
    with Pool.made(http.credentials, tmp_path, parallel=8, per_server=8) as pool:
        answers = ask(pool, *[Question(http.url(world.up.path), 20)] * 60)

    assert http.server.crowded
    assert [answer.broken for answer in answers] == [None] * 60


@pytest.mark.parametrize(("after", "most"), [({}, 12.0), ({"Retry-After": "3600"}, 2.0)])
def test_a_server_that_has_time_for_nobody_is_given_up(
    world: World, http: HttpServer, tmp_path: Path, after: dict[str, str], most: float
) -> None:
    """At once, if it says how long it is to be left alone; else after some tries."""
    http.server.busy = [Busy(503, after) for _ in range(10_000)]
    began = time.monotonic()
    with Pool.made(http.credentials, tmp_path, parallel=8, per_server=8) as pool:
        answers = ask(pool, *[Question(http.url(world.up.path), 6)] * 100)

    assert time.monotonic() - began < most
    said = [answer.broken.what for answer in answers if answer.broken]
    assert len(said) == 100
    assert all("503" in what or "was not asked: its server was too busy" in what for what in said)
    # as many as there are recipes would be no rest
    assert len(http.server.asked) < 60


def test_it_may_be_asked_as_before_a_push(served: Callable[[str], World], pool: Pool) -> None:
    """A server that takes no push says so, and nothing is sent."""
    world = served("git")
    writes = Question(world.mirror_url, 20, role="mirror", to_push=True)
    world.mirror.git("config", "daemon.receivepack", "true")
    [may] = ask(pool, writes)
    world.mirror.git("config", "daemon.receivepack", "false")

    [may_not] = ask(pool, writes)

    assert dict(may.told.refs) == {}
    with pytest.raises(SyncFault, match="cannot be pushed to"):
        _ = may_not.told


@pytest.mark.parametrize("stall", [hang, drip])
def test_a_server_that_stalls_costs_its_own_deadline(
    world: World, hostile: Hostile, pool: Pool, stall: Callable[[Hostile], None]
) -> None:
    """Nobody waits for it who asks another one, and its worker is gone."""
    stall(hostile)
    began = time.monotonic()
    when = {}
    questions = [Question(hostile.url, 4.0), *[Question(world.upstream_url, 20)] * 20]

    for number, answer, _ in pool.ask(questions):
        when[number] = time.monotonic() - began
        assert (answer.broken is None) == (number > 0)
        if number == 0:
            assert answer.broken
            assert answer.broken.late
            with pytest.raises(SyncFault, match="not done within 4 s") as caught:
                _ = answer.told
            assert hostile.url in str(caught.value)

    assert max(when, key=lambda number: when[number]) == 0
    assert when[0] < 8


def test_servers_that_stall_do_so_beside_each_other(world: World, tmp_path: Path) -> None:
    """More of them than may be at work cost one deadline, and not one after another."""
    with ExitStack() as stack:
        servers = [stack.enter_context(Hostile.started()) for _ in range(6)]
        for server in servers:
            hang(server)
        urls = [server.url for server in servers]
        pool = stack.enter_context(Pool.made({}, tmp_path, parallel=2, per_server=2))
        began = time.monotonic()

        answers = ask(pool, *[Question(url, 6.0) for url in (*urls, world.upstream_url)])

        # two at a time are at work, and each is for so long only
        assert time.monotonic() - began < 3 * PATIENCE + 6 + 2
        assert [answer.broken is None for answer in answers] == [*[False] * 6, True]


def test_a_server_that_answers_nobody_is_given_up(hostile: Hostile, tmp_path: Path) -> None:
    """It costs one deadline, however many remotes it has; what it was not asked is told."""
    hang(hostile)
    with Pool.made({}, tmp_path, parallel=8, per_server=2) as pool:
        began = time.monotonic()
        answers = ask(pool, *[Question(hostile.url, 0.5)] * 50)

        assert time.monotonic() - began < 3
    said = [answer.broken.what for answer in answers if answer.broken and answer.broken.late]
    assert len(said) == 50
    assert sum("was not asked: its server let all others wait for 0.5 s" in what for what in said)


def test_a_huge_advertisement_costs_nobody_else(world: World, hostile: Hostile, pool: Pool) -> None:
    """Also where its worker takes its time with it."""
    many = advertisement(*((f"refs/tags/0.0.{n}+v1", A_COMMIT) for n in range(20_000)))
    hostile.talk = lambda connection: connection.sendall(many)

    answers = ask(pool, Question(hostile.url, 20), *[Question(world.upstream_url, 20)] * 8)

    assert len(answers[0].told.refs) == 20_000
    assert all(answer.broken is None for answer in answers)


def test_few_open_files_make_it_slower_and_no_more(hostile: Hostile, tmp_path: Path) -> None:
    """Each worker has a line to it; whom none is left for is asked by the next that is free."""
    hang(hostile)
    script = (
        "import resource\n"
        "from canon_sweep.mirror.pool import Pool, Question\n"
        "from pathlib import Path\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (12, 12))\n"
        f"with Pool.made({{}}, Path({str(tmp_path)!r}), parallel=30, per_server=30) as pool:\n"
        f"    asked = [Question({hostile.url!r}, 1.0)] * 12 + [Question('/nowhere', 20)] * 30\n"
        "    print(len({heard.number for heard in pool.ask(asked)}))\n"
    )
    command = [sys.executable, "-c", script]

    program = subprocess.run(command, capture_output=True, timeout=30, check=False)

    assert (program.stdout, program.stderr) == (b"42\n", b"")


def test_a_host_without_room_for_anybody_says_so_each_time(tmp_path: Path) -> None:
    """Whoever asks again at once is not told that somebody had ended those who ask."""
    script = (
        "import resource\n"
        "from canon_sweep.mirror.pool import Pool, Question\n"
        "from pathlib import Path\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (6, 6))\n"
        f"with Pool.made({{}}, Path({str(tmp_path)!r}), parallel=2, per_server=2) as pool:\n"
        "    for _ in range(3):\n"
        "        heard = list(pool.ask([Question('/nowhere', 20)] * 2))\n"
        "        print(*(each.answer.broken.kind for each in heard))\n"
    )
    command = [sys.executable, "-c", script]

    program = subprocess.run(command, capture_output=True, timeout=30, check=False)

    assert (program.stdout, program.stderr) == (b"DiskFault DiskFault\n" * 3, b"")


def test_nothing_is_left_when_nobody_wants_to_know(hostile: Hostile, tmp_path: Path) -> None:
    """A survey that is broken off takes its processes with it, at once."""
    hang(hostile)
    before = processes_below(os.getpid())
    began = time.monotonic()

    with Pool.made({}, tmp_path, parallel=4, per_server=4) as pool:
        asked = pool.ask([Question("/nowhere", 20), *[Question(hostile.url, 20)] * 4])
        assert next(asked).number == 0
        assert processes_below(os.getpid()) > before

    assert processes_below(os.getpid()) == before
    assert time.monotonic() - began < 2


def test_nothing_is_left_when_it_is_broken_off_as_an_answer_comes(
    hostile: Hostile, tmp_path: Path
) -> None:
    """Who asks hears of the answer first, then that there is nobody to tell."""
    asked, go, over = threading.Event(), threading.Event(), threading.Event()

    def talk(connection: socket.socket) -> None:
        if over.is_set():
            hostile.closing.wait(30)
            return
        asked.set()
        go.wait(30)
        connection.sendall(advertisement(("refs/heads/main", A_COMMIT)))
        # its end is closed once whoever asked has his answer
        while connection.recv(1000):
            pass
        over.set()

    hostile.talk = talk
    with Pool.made({}, tmp_path, parallel=4, per_server=4) as pool:
        assert pool._overseer
        overseer = pool._overseer
        heard = pool.ask([Question("/nowhere", 20), *[Question(hostile.url, 20)] * 2])
        assert next(heard).number == 0
        assert asked.wait(30)
        # as of one who is killed while he is at work
        scratch = tmp_path / "run-dead"
        scratch.mkdir()
        below = processes_below(overseer.pid)
        os.kill(overseer.pid, signal.SIGSTOP)
        go.set()
        assert over.wait(30)
        overseer.line.close()
        os.kill(overseer.pid, signal.SIGCONT)

    assert len(below) >= 2
    assert not [pid for pid in below if Path(f"/proc/{pid}").exists()]
    assert not scratch.exists()


def test_whoever_breaks_off_gets_no_answers_of_before(world: World, pool: Pool) -> None:
    """They would be taken for those to other questions."""
    asked = pool.ask([Question(world.upstream_url, 20)] * 8)
    next(asked)
    asked.close()

    with pytest.raises(HostFault, match="ended by somebody"):
        ask(pool, Question(world.upstream_url, 20))


def test_a_listener_that_is_slow_costs_no_remote_its_answer(
    world: World, hostile: Hostile, tmp_path: Path
) -> None:
    """More is answered than a line holds, and nobody hears it before the last deadline is over."""
    over = threading.Event()

    drip(hostile)
    drips = hostile.talk

    def talk(connection: socket.socket) -> None:
        # who is told a byte now and then asks for ever, unless somebody ends him
        drips(connection)
        over.set()

    hostile.talk = talk
    # long answers, as so many short ones would take seconds of the processor
    for number in range(60):
        world.up.tag(f"0.0.{number}+v1", world.up.refs()["refs/heads/main"])
    world.up.git("pack-refs", "--all")
    questions = [Question(hostile.url, 3.0), *[Question(world.upstream_url, 3.0)] * 120]
    with Pool.made({}, tmp_path, parallel=8, per_server=8) as pool:
        assert pool._overseer
        pool._overseer.line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        asked = pool.ask(questions)
        assert over.wait(30)
        then = time.monotonic()
        heard = {each.number: each for each in asked}

    assert heard[0].answer.broken
    assert heard[0].answer.broken.late
    assert all(heard[number].answer.broken is None for number in range(1, len(questions)))
    # when it came, not when somebody heard it
    assert heard[1].at < then


def test_a_process_that_says_nothing_is_not_waited_for(world: World, tmp_path: Path) -> None:
    """Whatever keeps it from its work: somebody has stopped it, or it waits for a lock."""
    with Pool.made({}, tmp_path / "tmp", parallel=8, per_server=8) as pool:
        pool._slack = 0.1
        assert pool._overseer is not None
        pid = pool._overseer.pid
        os.kill(pid, signal.SIGSTOP)

        with pytest.raises(HostFault, match=r"has said nothing for 0\.6 s and was ended"):
            ask(pool, Question(str(world.up.path), 0.1))

        assert not Path(f"/proc/{pid}").exists()


def test_a_kill_leaves_no_process_and_no_folder(hostile: Hostile, tmp_path: Path) -> None:
    """Whoever has the pool may end in any way."""
    hang(hostile)
    script = (
        "from canon_sweep.mirror.pool import Pool, Question\n"
        "from pathlib import Path\n"
        f"with Pool.made({{}}, Path({str(tmp_path)!r}), parallel=4, per_server=4) as pool:\n"
        f"    asked = [Question('/nowhere', 20)] + [Question({hostile.url!r}, 20)] * 3\n"
        "    for heard in pool.ask(asked): print(heard.number, flush=True)\n"
    )
    program = subprocess.Popen(
        [sys.executable, "-c", script],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    assert program.stdout
    assert program.stderr
    assert program.stdout.readline() == b"0\n"
    below = processes_below(program.pid)
    # what ends the whole group is our parent's to take up
    for pid in below:
        os.kill(pid, signal.SIGTERM)
    assert len(below) >= 3
    ends = [os.pidfd_open(pid) for pid in below]

    program.kill()
    program.wait()

    for end in ends:
        await_end(end)
    assert program.stderr.read() == b""
    assert list(tmp_path.iterdir()) == []
    program.stdout.close()
    program.stderr.close()


def await_end(end: int) -> None:
    """The process of a pidfd ends."""
    poller = select.poll()
    poller.register(end, select.POLLIN)
    assert poller.poll(5000)
    os.close(end)


def order(schedule: Schedule, now: float = 0.0) -> list[int]:
    """Whom a schedule lets be asked now."""
    found: list[int] = []
    while (number := schedule.next(now)) is not None:
        found.append(number)
    return found


def scheduled(servers: Sequence[str], parallel: int, per_server: int) -> Schedule:
    """A schedule of questions to these servers."""
    schedule = Schedule(parallel, per_server)
    schedule.add(servers)
    return schedule


def test_servers_take_turns() -> None:
    """One with many recipes does not keep the others waiting."""
    schedule = scheduled(["a", "a", "a", "b", "c"], 3, 8)

    assert order(schedule) == [0, 3, 4]


def test_a_server_has_no_more_than_its_share() -> None:
    """However much room there is."""
    schedule = scheduled(["a", "a", "a", "b"], 8, 2)

    assert order(schedule) == [0, 3, 1]
    schedule.answered(0, 0.1)
    assert order(schedule, 0.1) == [2]


def test_who_waits_long_is_not_at_work() -> None:
    """Up to an end: each is a process."""
    schedule = scheduled([str(number) for number in range(MOST_WAITING * 2)], 4, 4)

    assert len(order(schedule, 0.0)) == 4
    assert order(schedule, PATIENCE / 2) == []
    for wave in range(1, MOST_WAITING // 4 + 1):
        assert len(order(schedule, wave * PATIENCE)) == 4
    assert order(schedule, 100 * PATIENCE) == []


def test_who_cannot_be_asked_now_is_asked_later() -> None:
    """A machine that has no process left for more of them has those that there are."""
    schedule = scheduled(["a", "b", "c"], 3, 3)
    assert schedule.next(0.0) == 0
    assert schedule.next(0.0) == 1
    schedule.put_back(1)

    assert order(schedule) == []
    schedule.answered(0, 1.0)
    assert order(schedule, 1.0) == [2]
    schedule.answered(2, 1.0)
    assert order(schedule, 1.0) == [1]


def test_a_busy_server_is_asked_less_and_more_again() -> None:
    """One question alone after a rest; as it answers, more at a time."""
    schedule = scheduled(["a"] * 8, 8, 3)
    assert order(schedule) == [0, 1, 2]
    for number in (0, 1, 2):
        assert schedule.busy(number, 1.0, 20.0) == ()

    assert order(schedule, 1.5) == []
    assert 0.4 < schedule.impatient_in(1.5) <= 0.5
    assert order(schedule, 2.0) == [3]
    schedule.answered(3, 2.1)
    assert order(schedule, 2.1) == [4, 5]
    schedule.answered(4, 2.2)
    assert order(schedule, 2.2) == [6]
    schedule.answered(5, 2.3)
    assert order(schedule, 2.3) == [7]
    schedule.answered(6, 2.4)
    assert order(schedule, 2.4) == [0, 1]


def test_one_repository_that_is_never_there_for_us_disturbs_nobody() -> None:
    """Its server answers the others meanwhile; it is asked so often, and no more."""
    schedule = scheduled(["a"] * 9, 8, 2)
    now = 0.0
    tried = 0
    over: tuple[int, ...] = ()
    while not schedule.is_done:
        assert len(order(schedule, now)) > 0 or len(schedule.running) < 2
        now += 1.0
        for number in sorted(schedule.running, reverse=True):
            if number:
                schedule.answered(number, now)
            else:
                tried += 1
                over += schedule.busy(number, now, 20.0)

    assert tried == MOST_TRIES
    assert over == (0,)


def test_a_server_that_is_busy_for_everybody_is_given_up() -> None:
    """Also whom it was never asked for."""
    schedule = scheduled(["a"] * 5, 2, 2)
    order(schedule)
    assert schedule.busy(0, 1.0, 20.0) == ()
    assert schedule.busy(1, 1.0, 20.0) == ()
    assert order(schedule, 5.0) == [2]

    assert schedule.busy(2, 1.0 + MOST_BUSY, 20.0) == (3, 4, 0, 1, 2)

    assert schedule.is_done


def test_a_server_that_answered_meanwhile_is_asked_on() -> None:
    """One repository of it that hangs says nothing about the others."""
    schedule = scheduled(["a", "a", "a", "a"], 2, 2)
    order(schedule)
    schedule.answered(1, 5.0)
    assert order(schedule, 5.0) == [2]

    assert schedule.late(0) == ()

    assert order(schedule, 20.0) == [3]
    schedule.answered(2, 20.0)
    assert schedule.late(3) == ()
    assert schedule.is_done
