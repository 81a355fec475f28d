"""The network that compares the people of two sets, chosen on the command line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import yaml

from fdemd.backbones import Backbone, create_backbone
from fdemd.cli.command_line import CONFIG_DIR
from fdemd.errors import InputError, unknown

DEFAULT = "dlib"
_THRESHOLDS = {"dlib": 0.96, "facenet": 0.8, "mobilefacenet": 0.7, "onnx": 0.7}
"""Cosine of two centres from which they are one person's.

On the two halves of the photographs of each of ORL's 40 people, seen through the template dlib, all are found and
nobody else. On those of LFW's 1,680 people dlib's finds 65 % (every one with ten photographs or more) and 17 wrong
pairs in a million; the others were not measured there.
"""


def chosen_network(words: Sequence[str]) -> Backbone:
    """Build the network that words such as ``mobilefacenet variant=xiaoccer checkpoint=FILE`` name.

    Args:
        words: A name in ``configs/model`` and settings of that file.

    Raises:
        InputError: There is no such network or setting, or its weights cannot be used.
    """
    name, *given = words
    choices = sorted(file.stem for file in (CONFIG_DIR / "model").glob("*.yaml"))
    if name not in choices:
        raise unknown("network for --by-embedding", name, choices)
    settings: dict[str, Any] = yaml.safe_load((CONFIG_DIR / "model" / f"{name}.yaml").read_text(encoding="utf-8"))
    for word in given:
        key, is_setting, value = word.partition("=")
        if not is_setting or key not in settings or key == "backbone":
            known = ", ".join(key for key in settings if key != "backbone")
            raise InputError(f"--by-embedding {name} has no setting {word!r}; write KEY=VALUE, the keys are {known}.")
        try:
            settings[key] = yaml.safe_load(value) if not isinstance(settings[key], str) else value
        except yaml.YAMLError as error:
            raise InputError(f"--by-embedding {name}: {value!r} is no value for the setting {key}.") from error
    return create_backbone(**settings)


def usual_threshold(words: Sequence[str]) -> float:
    """Return the cosine of mean embeddings from which two people count as one.

    Raises:
        InputError: It was not measured for this network.
    """
    if words[0] not in _THRESHOLDS:
        raise InputError(f"Which cosine tells people apart was not measured for {words[0]}; give --threshold.")
    return _THRESHOLDS[words[0]]
