"""The gallery as its users have it: people enrolled, named, removed; by several processes; killed half-way."""

import hashlib
import random
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from threading import Thread
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from fdemd.errors import InputError
from fdemd.gallery.faces import SeenPhotograph
from fdemd.gallery.gallery import Gallery
from tests.gallery.made_gallery import open_made, photograph

Opened = Callable[[str], Gallery]


def names(gallery: Gallery, *people: str, **how: float) -> list[str | None]:
    """Whom a new photograph of some people is said to show."""
    return [answer.person for answer in gallery.identify(photograph(*people, shot=99, **how))]  # type: ignore[arg-type]


def test_whoever_is_enrolled_gets_a_name_and_a_stranger_gets_none(where: str, opened: Opened) -> None:
    gallery = opened(where)
    for person in ("Ann", "Bob"):
        done = gallery.enrol(person, [photograph(person, shot=shot) for shot in (1, 2)])
        assert [each.status for each in done] == ["enrolled", "enrolled"]
    assert names(gallery, "Bob", "Ann") == ["Bob", "Ann"]
    (answer,) = gallery.identify(photograph("somebody else"))
    assert (answer.person, answer.decision) == (None, "unknown")
    assert answer.candidates[0].person in ("Ann", "Bob")
    assert gallery.identify(photograph()) == []


def test_nobody_is_named_by_an_empty_gallery(where: str, opened: Opened) -> None:
    (answer,) = opened(where).identify(photograph("Ann"))
    assert (answer.person, answer.candidates, answer.sentence) == (None, [], "Unknown: nobody is enrolled.")


def test_a_person_is_on_a_photograph_once(gallery: Gallery) -> None:
    gallery.enrol("Ann", photograph("Ann", shot=1))
    first, second = gallery.identify(photograph("Ann", "Ann", shot=5))
    assert (first.decision, second.decision) == ("known", "unknown")
    assert second.sentence == "Unknown: most like Ann, who is on the photograph already."


def test_two_people_who_are_too_much_alike_are_not_told_apart(gallery: Gallery) -> None:
    gallery.enrol("Ann", photograph("twins", shot=1))
    gallery.enrol("Eve", photograph("twins", shot=2), force=True)
    (answer,) = gallery.identify(photograph("twins", shot=3))
    assert (answer.decision, answer.person) == ("ambiguous", None)
    assert {each.person for each in answer.candidates} == {"Ann", "Eve"}
    (short,) = gallery.identify(photograph("twins", shot=3), candidates=1)
    assert (len(short.candidates), short.sentence) == (1, answer.sentence)


def test_changes_are_seen_by_whoever_has_the_gallery_open(where: str, opened: Opened) -> None:
    one, other = opened(where), opened(where)
    one.enrol("Ann", photograph("Ann", shot=1))
    assert names(other, "Ann") == ["Ann"]
    other.rename("Ann", "Anna")
    assert names(one, "Ann") == ["Anna"]
    other.enrol("Bob", photograph("Bob"))
    one.merge("Bob", "Anna")
    assert names(other, "Bob") == ["Anna"]
    one.remove("Anna")
    assert names(other, "Ann", "Bob") == [None, None]
    assert other.people() == []


def test_a_name_means_one_person_and_photographs_have_numbers(gallery: Gallery) -> None:
    gallery.enrol("Ann", [photograph("Ann", shot=shot) for shot in (1, 2)])
    gallery.enrol("Bob", photograph("Bob"))
    with pytest.raises(InputError, match="There is somebody called 'Bob' already; merge"):
        gallery.rename("Ann", "Bob")
    with pytest.raises(InputError, match=r"Unknown person 'Anna' \(did you mean Ann\?\)"):
        gallery.remove("Anna")
    first, second = gallery.people()[0].photographs
    assert gallery.remove_photograph(first.number).erased
    assert [each.number for each in gallery.people()[0].photographs] == [second.number]
    with pytest.raises(InputError, match=f"no photograph {first.number} in the gallery"):
        gallery.remove_photograph(first.number)


def test_two_photographs_are_of_one_person_or_not(gallery: Gallery) -> None:
    same = gallery.verify(photograph("Ann", shot=1), photograph("Ann", shot=2), fmr=0.01)
    assert same.same and same.rate <= 0.01
    assert not gallery.verify(photograph("Ann"), photograph("Bob"), fmr=0.01).same
    with pytest.raises(InputError, match="No face was found in the photograph"):
        gallery.verify(photograph(), photograph("Ann"))


def test_a_rate_that_cannot_be_told_is_refused(gallery: Gallery) -> None:
    with pytest.raises(InputError, match=r"fpir=1e-09 is smaller than what .* can tell"):
        gallery.identify(photograph("Ann"), fpir=1e-9)
    with pytest.raises(InputError, match="fpir is 2; a rate lies between 0 and 1"):
        gallery.identify(photograph("Ann"), fpir=2)
    with pytest.raises(InputError, match="candidates is 0; an answer lists at least 1"):
        gallery.identify(photograph("Ann"), candidates=0)
    with pytest.raises(InputError, match="Unknown kind of query 'hat'"):
        gallery.identify(photograph("Ann"), worn="hat")


def test_threads_get_the_answers_to_their_own_photographs(gallery: Gallery) -> None:
    people = [f"person {number}" for number in range(12)]
    for person in people:
        gallery.enrol(person, photograph(person))
    wrong: list[str] = []

    def work(seed: int) -> None:
        chosen = random.Random(seed)
        for turn in range(15):
            person = chosen.choice(people)
            if names(gallery, person) != [person]:
                wrong.append(person)
            if turn % 5 == 0:
                gallery.enrol(f"new {seed}", photograph(f"new {seed}", shot=turn))

    threads = [Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert gallery.check().problems == []


@pytest.mark.parametrize("worn", ["seen", "clean", "mask"])
def test_a_face_that_looks_covered_has_a_threshold_of_its_own(
    gallery: Gallery, worn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    gallery.enrol("Ann", photograph("Ann", shot=1))
    read = gallery._reader.read

    def masked(content: bytes) -> SeenPhotograph:
        seen = read(content)
        first, *others = seen.faces
        return replace(seen, faces=(replace(first, conditions={"below": 0.9, "clean": 0.1}), *others))

    monkeypatch.setattr(gallery._reader, "read", masked)
    first, second = gallery.identify(photograph("Ann", "Bob", shot=2), worn=worn)
    assert (first.worn, second.worn) == (("mask", "clean") if worn == "seen" else (worn, worn))
    for answer in (first, second):
        assert answer.threshold == gallery.threshold(worn=answer.worn)
    assert (first.person, second.person) == ("Ann", None)
    with pytest.raises(InputError, match="Unknown kind of query 'seen'"):
        gallery.threshold(worn="seen")


ENROLLING = """
import sys
from tests.gallery.made_gallery import open_made, photograph
gallery = open_made({where!r})
for number in range(10_000):
    (done,) = gallery.enrol(f"{{sys.argv[1]}} {{number}}", photograph(f"{{sys.argv[1]}} {{number}}"))
    print(done.photograph, number, flush=True)
    if number % 7 == 3:
        gallery.remove(f"{{sys.argv[1]}} {{number}}")
        print("removed", number, flush=True)
"""


def start(where: str, prefix: str) -> subprocess.Popen[str]:
    program = ENROLLING.format(where=where)
    root = str(Path(__file__).parents[2])
    return subprocess.Popen(
        [sys.executable, "-c", program, prefix], stdout=subprocess.PIPE, text=True, env={"PYTHONPATH": root, "PATH": ""}
    )


def test_what_was_acknowledged_is_there_after_a_kill(where: str, opened: Opened) -> None:
    """Two processes enrol and remove; one is killed in the midst of it, then the other."""
    opened(where).close()
    there: set[str] = set()
    working = [(prefix, start(where, prefix)) for prefix in ("a", "b")]
    for (prefix, process), lines in zip(working, (11, 17), strict=True):
        assert process.stdout is not None
        for line in [process.stdout.readline() for _ in range(lines)]:
            what, number = line.split()
            (there.discard if what == "removed" else there.add)(f"{prefix} {number}")
        process.send_signal(signal.SIGKILL)
        for line in process.communicate()[0].splitlines():  # what it told before it died
            what, *rest = line.split()
            if rest:
                (there.discard if what == "removed" else there.add)(f"{prefix} {rest[0]}")
    gallery = opened(where)
    assert gallery.check().problems == []
    found = {person.name for person in gallery.people()}
    # Each process was killed in at most one step that it had not told yet: an enrolment, or the removal of one in 7.
    assert len(found ^ there) <= 2
    assert all(int(name.split()[1]) % 7 == 3 for name in there - found)
    assert all(len(person.photographs) == 1 for person in gallery.people())


class Model(RuleBasedStateMachine):
    """A gallery does what a dictionary of names and photographs does, reopened at any time."""

    folder: Path
    PEOPLE = st.sampled_from(["Ann", "Bob", "Çem", "D'Arcy", "李"])

    @initialize()
    def begin(self) -> None:
        self.where = self.folder / f"{uuid4()}.db"  # hypothesis gives random the same seed each time
        self.gallery = open_made(self.where)
        self.model: dict[str, set[bytes]] = {}

    @rule(person=PEOPLE, shot=st.integers(0, 3))
    def enrol(self, person: str, shot: int) -> None:
        content = photograph(f"{person}{shot}", shot=shot)
        (done,) = self.gallery.enrol(person, content, force=True)
        assert done.status == ("known" if content in self.model.get(person, set()) else "enrolled")
        self.model.setdefault(person, set()).add(content)

    @rule(person=PEOPLE)
    def remove(self, person: str) -> None:
        if person in self.model:
            assert self.gallery.remove(person).photographs == len(self.model.pop(person))
        else:
            with pytest.raises(InputError):
                self.gallery.remove(person)

    @rule(person=PEOPLE)
    def remove_a_photograph(self, person: str) -> None:
        for each in self.gallery.people():
            if each.name == person and each.photographs:
                self.gallery.remove_photograph(each.photographs[0].number)
                self.model[person] = {c for c in self.model[person] if _sha(c) != each.photographs[0].sha256}

    @rule(person=PEOPLE, new=PEOPLE)
    def rename(self, person: str, new: str) -> None:
        if person in self.model and (new not in self.model or new == person):
            self.gallery.rename(person, new)
            self.model[new] = self.model.pop(person)
        else:
            with pytest.raises(InputError):
                self.gallery.rename(person, new)

    @rule(person=PEOPLE, into=PEOPLE)
    def merge(self, person: str, into: str) -> None:
        if person in self.model and into in self.model and person != into:
            self.gallery.merge(person, into)
            self.model[into] |= self.model.pop(person)
        else:
            with pytest.raises(InputError):
                self.gallery.merge(person, into)

    @rule()
    def reopen(self) -> None:
        self.gallery.close()
        self.gallery = open_made(self.where)

    @invariant()
    def they_agree(self) -> None:
        if not hasattr(self, "gallery"):
            return
        found = {person.name: {each.sha256 for each in person.photographs} for person in self.gallery.people()}
        assert found == {name: set(map(_sha, contents)) for name, contents in self.model.items()}
        assert self.gallery.check().problems == []

    def teardown(self) -> None:
        if hasattr(self, "gallery"):
            self.gallery.close()


def _sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_a_gallery_is_a_dictionary_that_is_not_lost(tmp_path: Path) -> None:
    Model.folder = tmp_path
    Model.TestCase.settings = settings(
        max_examples=12, stateful_step_count=14, deadline=None, suppress_health_check=list(HealthCheck)
    )
    case = Model.TestCase()
    case.runTest()
