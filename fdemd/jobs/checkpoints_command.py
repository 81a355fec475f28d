"""``fdemd checkpoints list|fetch|verify|convert``: the weight files and their cards."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.filesize import decimal
from rich.markup import escape
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn
from rich.table import Column, Table

from fdemd.checkpoints.cards import CARDS, Card, card_names, read_card, weights_folder
from fdemd.checkpoints.fetching import fetch
from fdemd.checkpoints.files import by_hand, find_file, sha256_of
from fdemd.cli.exit_status import exit_status
from fdemd.errors import InputError
from fdemd.files.text import to_printable


def main(argv: Sequence[str] | None = None, cards: Path = CARDS) -> int:
    """Run a command on the model cards; return the exit status: 0, 2 after an ``InputError``, 130 after Ctrl-C."""
    arguments = _parser().parse_args(argv)

    def work() -> None:
        if arguments.command == "list":
            _list(cards)
        elif arguments.command == "fetch":
            _fetch(read_card(arguments.name, cards))
        elif arguments.command == "verify":
            _verify([read_card(name, cards) for name in arguments.names or card_names(cards)], bool(arguments.names))
        else:
            like = read_card(arguments.like, cards) if arguments.like else None
            _convert(arguments.file, arguments.name, arguments.out or weights_folder(cards), like)

    return exit_status("checkpoints", work)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="fdemd checkpoints", description="The weight files of the models.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="what there is and what it may be used for")
    fetching = commands.add_parser("fetch", help="download the file of a card; run again to go on after a break")
    fetching.add_argument("name", metavar="NAME")
    verifying = commands.add_parser("verify", help="compare the files that are here with their cards")
    verifying.add_argument("names", metavar="NAME", nargs="*", help="default: all")
    converting = commands.add_parser("convert", help="PyTorch file -> NAME.safetensors and its card NAME.yaml")
    converting.add_argument("file", metavar="FILE", type=Path)
    converting.add_argument("--name", required=True)
    converting.add_argument("--out", metavar="DIR", type=Path, help="default: where fetched weights lie")
    converting.add_argument(
        "--like", metavar="CARD", help="card of the same network: how it wants its faces, and what it gives"
    )
    return parser


def _list(cards: Path) -> None:
    table = Table(Column("name", no_wrap=True), "state", "size", "licence", "allowed use")
    for name in card_names(cards):
        try:
            card = read_card(name, cards)
        except InputError as error:
            table.add_row(name, "card is wrong", "", escape(to_printable(str(error))), "")
            continue
        try:
            path = find_file(card)
        except InputError as error:
            table.add_row(name, "cannot be read", "", escape(to_printable(str(error))), "")
            continue
        size = decimal(path.stat().st_size) if path else ""
        table.add_row(
            name, _state(card, path), size, *(escape(to_printable(card.facts[f])) for f in ("licence", "allowed_use"))
        )
    Console().print(table)


def _state(card: Card, path: Path | None) -> str:
    if path is None:
        return "missing"
    return ("installed" if card.package else "fetched") + ("" if card.sha256 else ", no sha256")


def _fetch(card: Card) -> None:
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(card.name, total=None)
        path = fetch(card, lambda have, total: bar.update(task, completed=have, total=total))
    print(path)


def _verify(cards: Sequence[Card], named: bool) -> None:
    """Check the files of the cards, run those whose network is known, and print a line for each.

    Raises:
        InputError: A file is not the one that its card describes, or a file that was named is missing.
    """
    from fdemd.backbones.card_check import card_mistakes  # torch takes seconds to import

    wrong = []
    for card in cards:
        path = find_file(card)
        if path is None:
            if named:
                raise InputError(f"The weights of {card.name} are not here: {by_hand(card)}")
            print(f"{card.name}: missing")
        elif (found := sha256_of(path)) == card.sha256:
            mistakes = card_mistakes(card, path)
            print(f"{card.name}: {'WRONG' if mistakes else 'right'}{''.join(f'; {each}' for each in mistakes)}")
            if mistakes:
                wrong.append(card.name)
        elif card.sha256 is None:
            print(f"{card.name}: the card has no sha256; that of {path} is {found}")
        else:
            print(f"{card.name}: WRONG, {path} has sha256 {found}, the card {card.sha256}")
            wrong.append(card.name)
    if wrong:
        raise InputError(
            f"Not what their cards describe: {', '.join(wrong)}. Fetch or install them again, or mend the cards."
        )


def _convert(file: Path, name: str, out: Path, like: Card | None) -> None:
    from fdemd.checkpoints.converting import convert  # torch takes seconds to import, and only this command needs it

    weights, card = convert(file, name, out, like)
    print(f"{weights}\n{card}")
    unknown = "licence and allowed_use" if like else "licence, allowed_use, and how the network wants its faces"
    print(f"Fill in what is null in {card.name}: {unknown}; then run fdemd checkpoints verify {name}.")
