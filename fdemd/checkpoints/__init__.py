"""Weight files and model cards: where a file comes from, what it must contain, what it may be used for."""

from fdemd.checkpoints.cards import CARDS, Card, card_names, read_card
from fdemd.checkpoints.files import installed_file, sha256_of, weights_file

__all__ = ["CARDS", "Card", "card_names", "installed_file", "read_card", "sha256_of", "weights_file"]
