"""What each ``fdemd gallery`` command does and prints."""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from fdemd.data.tree import entries_below, is_image
from fdemd.errors import InputError
from fdemd.faces.photographs import pixels_of
from fdemd.files.text import to_printable
from fdemd.gallery.cluster.opening import read_on_cluster
from fdemd.gallery.cluster.settings import Cluster
from fdemd.gallery.enrolment import ENROLLED, KNOWN, REFUSED, Enrolment
from fdemd.gallery.exchange import map_of, pin_of
from fdemd.gallery.gallery import Gallery
from fdemd.gallery.identification import Identification
from fdemd.gallery.names import check_name
from fdemd.gallery.picture import label, save_picture
from fdemd.gallery.tree import list_people
from fdemd.report.table import Cells, Table, print_sentence, print_tables
from fdemd.runs.steady_progress import steady_progress


def enrol(arguments: argparse.Namespace) -> int:
    """Enrol a folder of people, or photographs of one; what is enrolled already is known again and costs little."""
    if arguments.person is None:
        if len(arguments.photographs) > 1:
            raise InputError("Name one folder of people, or say who is on the photographs with --person NAME.")
        people, ignored = list_people(arguments.photographs[0])
    else:
        people, ignored = {check_name(arguments.person): list(_below(arguments.photographs))}, []
    for name in people:
        check_name(name)
    done: list[Enrolment] = []
    with (
        open_or_make(arguments) as gallery,
        steady_progress("Enrolling", sum(map(len, people.values()))) as advance,
    ):
        listed = [(name, photograph) for name, photographs in people.items() for photograph in photographs]
        read = listed if arguments.ray is None else read_on_cluster(arguments.ray, gallery.database, listed)
        for name, photograph in read:
            done += gallery.enrol(name, photograph, face=arguments.face, force=arguments.force, fpir=arguments.fpir)
            advance(1)
    _tell_enrolments(done, ignored)
    if done and all(each.status == REFUSED for each in done):
        raise InputError(f"None of {len(done):,} photographs was enrolled; the reasons are above.")
    return 0


def open_or_make(arguments: argparse.Namespace, cluster: Cluster | None = None) -> Gallery:
    """Open a gallery, or make one as the command line says, and search it on a cluster if one is given."""
    cohort = None if arguments.cohort is None else list(list_people(arguments.cohort).people.values())
    return Gallery.open(
        arguments.gallery,
        backbone=arguments.backbone,
        detector=arguments.detector,
        keep=arguments.keep,
        patches=arguments.patches,
        dtype=arguments.dtype,
        cohort=cohort,
        cluster=cluster,
    )


def identify(arguments: argparse.Namespace) -> int:
    """Print who is on photographs."""
    if (arguments.picture or arguments.explain) and len(arguments.photographs) > 1:
        raise InputError("--picture and --explain are for one photograph; name one.")
    with Gallery.open(arguments.gallery, create=False) as gallery:
        for photograph in arguments.photographs:
            answers = gallery.identify(photograph, fpir=arguments.fpir, worn=arguments.worn)
            if arguments.json:
                found = {"photograph": str(photograph), "faces": [answer.plain() for answer in answers]}
                print(json.dumps(found, ensure_ascii=True))
            elif answers:
                print_tables([_answers(photograph, answers)])
            else:
                print_sentence(f"{photograph}: no face was found.")
            if arguments.picture is not None:
                save_picture(arguments.picture, pixels_of(photograph), answers)
            if arguments.explain is not None and answers and answers[0].candidates:
                gallery.explain(answers[0]).save(arguments.explain)
    return 0


def show(arguments: argparse.Namespace) -> int:
    """Print who is enrolled."""
    with Gallery.open(arguments.gallery, create=False) as gallery:
        people = gallery.people()
    if arguments.json:
        print(
            json.dumps(
                [
                    {
                        "person": person.name,
                        "enrolled": person.enrolled.isoformat(),
                        "photographs": [
                            {"number": each.number, "path": each.path, "sha256": each.sha256}
                            for each in person.photographs
                        ],
                    }
                    for person in people
                ]
            )
        )
    elif people:
        cells: Sequence[Cells] = [
            {"person": person.name, "photographs": str(len(person.photographs)), "since": f"{person.enrolled:%Y-%m-%d}"}
            for person in people
        ]
        print_tables([Table(f"{len(people):,} people in {arguments.gallery}", cells, words=("person", "since"))])
    else:
        print_sentence("Nobody is enrolled.")
    return 0


def remove(arguments: argparse.Namespace) -> int:
    """Remove a person or a photograph."""
    with Gallery.open(arguments.gallery, create=False) as gallery:
        if arguments.person is not None:
            removed = gallery.remove(arguments.person)
            print_sentence(f"{arguments.person} was removed with {_count(removed.photographs, 'photograph')}.")
        else:
            removed = gallery.remove_photograph(arguments.photograph)
            print_sentence(f"Photograph {arguments.photograph} was removed.")
        if not removed.erased:
            print_sentence(
                "Another process is reading; run check once it is done, which erases what is left in the log."
            )
    return 0


def rename(arguments: argparse.Namespace) -> int:
    """Give a person another name."""
    with Gallery.open(arguments.gallery, create=False) as gallery:
        gallery.rename(arguments.person, arguments.new)
    print_sentence(f"{arguments.person} is now {arguments.new}.")
    return 0


def merge(arguments: argparse.Namespace) -> int:
    """Make two people one."""
    with Gallery.open(arguments.gallery, create=False) as gallery:
        moved = gallery.merge(arguments.person, arguments.into)
    print_sentence(f"{arguments.into} has {_count(moved, 'photograph')} more, and {arguments.person} was removed.")
    return 0


def re_embed(arguments: argparse.Namespace) -> int:
    """Move the gallery to another network."""
    found = Gallery.re_embed(
        arguments.gallery,
        backbone=arguments.backbone,
        detector=arguments.detector,
        patches=arguments.patches,
        dtype=arguments.dtype,
        drop_missing=arguments.drop_missing,
    )
    for each in found.left:
        print_sentence(f"Photograph {each.number} of {each.person} cannot be moved: {each.reason}.")
    if not found.done:
        raise InputError(
            f"{_count(len(found.left), 'photograph')} cannot be moved, and nothing was changed; put the files back, or "
            "type the same with --drop-missing to remove these photographs."
        )
    print_sentence(f"{_count(found.photographs, 'photograph')} moved, {len(found.left):,} removed.")
    return 0


def check(arguments: argparse.Namespace) -> int:
    """Check the gallery; 1 if something is wrong."""
    with Gallery.open(arguments.gallery, create=False) as gallery:
        found = gallery.check()
    for sentence in (*found.problems, *found.notes):
        print_sentence(sentence)
    state = f"{_count(len(found.problems), 'problem')}" if found.problems else "nothing is wrong"
    print_sentence(f"{_count(found.people, 'person')}, {_count(found.photographs, 'photograph')}: {state}.")
    return 1 if found.problems else 0


def export(arguments: argparse.Namespace) -> int:
    """Write the gallery to a folder."""
    with Gallery.open(arguments.gallery, create=False) as gallery:
        count = gallery.export(arguments.folder)
    print_sentence(f"{_count(count, 'photograph')} in {arguments.folder}.")
    return 0


def import_(arguments: argparse.Namespace) -> int:
    """Enrol what an export has; a new gallery gets the network of the export."""
    pin = pin_of(arguments.folder)
    with Gallery.open(
        arguments.gallery,
        backbone=pin.backbone,
        settings=pin.settings,
        detector=pin.detector,
        keep=pin.keep,
        patches=pin.patches,
        dtype=pin.dtype,
        patch_map=map_of(arguments.folder),
    ) as gallery:
        added, known = gallery.import_(arguments.folder)
    print_sentence(f"{_count(added, 'photograph')} enrolled, {known:,} known already.")
    return 0


def _below(paths: Sequence[Path]) -> Iterable[Path]:
    """Photographs, and those of folders."""
    for path in paths:
        if path.is_dir():
            yield from (
                path / entry.path for entry in entries_below(path) if not entry.problem and is_image(entry.path)
            )
        else:
            yield path


def _tell_enrolments(done: Sequence[Enrolment], ignored: Sequence[tuple[str, str]]) -> None:
    for each in done:
        if each.status == REFUSED or each.findings:
            print_sentence(each.sentence)
    for path, reason in ignored:
        print_sentence(f"{path} was left out: {reason}.")
    count = Counter(each.status for each in done)
    rules = Counter(
        finding.rule for each in done for finding in each.findings if each.status == ENROLLED or finding.refuses
    )
    told = ", ".join(f"{number:,} {rule}" for rule, number in rules.most_common())
    counts = f"{count[KNOWN]:,} known already, {count[REFUSED]:,} refused, {len(ignored):,} other files"
    print_sentence(f"{_count(count[ENROLLED], 'photograph')} enrolled, {counts}" + (f" ({told})." if told else "."))


def _answers(photograph: Path, answers: Sequence[Identification]) -> Table:
    cells: Sequence[Cells] = [
        {
            "face": str(number),
            "who": label(answer),
            "score": f"{answer.score:.3f}",
            "threshold": f"{answer.threshold:.3f}",
            "box": ", ".join(f"{side:.0f}" for side in answer.box),
            "in words": answer.sentence,
        }
        for number, answer in enumerate(answers)
    ]
    rate = f"At this threshold {answers[0].fpir:.2%} of strangers get a name.".replace("%", " %")
    return Table(to_printable(str(photograph)), cells, words=("who", "in words"), notes=[rate])


def _count(number: int, what: str) -> str:
    plural = {"person": "people"}.get(what, f"{what}s")
    return f"{number:,} {what if number == 1 else plural}"


COMMANDS = {
    "enrol": enrol,
    "identify": identify,
    "list": show,
    "remove": remove,
    "rename": rename,
    "merge": merge,
    "re-embed": re_embed,
    "check": check,
    "export": export,
    "import": import_,
}
"""Name of a command -> what runs it."""
