"""A file that is not there is told before torch is imported."""

import subprocess
import sys

import pytest

PROGRAM = """
import sys
from fdemd.jobs.commands import evaluate, train
status = (train if sys.argv[1] == "train" else evaluate)(sys.argv[2:])
assert "torch" not in sys.modules
sys.exit(status)
"""


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("evaluate data=folder data.root=/no/such", "evaluate: the data folder /no/such does not exist; give one with"),
        ("evaluate data.root=/no/such", "evaluate: the data folder /no/such does not exist; leave data.root unset"),
        (
            "evaluate data=manifest data.manifest=/no/such.csv",
            "evaluate: the manifest /no/such.csv does not exist; correct the path, or make one by fdemd prepare",
        ),
        ("evaluate data=lfw data.manifest=/no/such.csv", "evaluate: /no/such.csv is not there: download lfw"),
        ("evaluate data=pairs pairs=/no/such", "evaluate: the list of pairs /no/such does not exist; give it with"),
        ("evaluate data=pairs pairs=/dev/null", "evaluate: a list of pairs needs photographs: give data.manifest=FILE"),
        ("evaluate model.checkpoint=/no/such", "evaluate: the weight file /no/such does not exist; give the path of"),
        ("evaluate rerank.calibration=/no/such", "evaluate: the calibration /no/such does not exist; give it with"),
        ("evaluate align=ida align.manifest=/no/such.csv", "evaluate: the manifest /no/such.csv does not exist"),
        (
            "evaluate align=ida align.support=learned align.estimator=/no/such",
            "evaluate: the estimator /no/such does not exist; change align.estimator.",
        ),
        (
            "evaluate query=[adversarial] query.adversarial.model={backbone:cosface,checkpoint:/no/such}",
            "evaluate: the weight file /no/such does not exist",
        ),
        (
            "evaluate experiment=table4 data=orl table4.finetuned=[/dev/null,/no/such]",
            "evaluate: the weight file /dev/null is not an ordinary file; change table4.finetuned.",
        ),
        (
            "evaluate experiment=seeds trials.resume=/no/such",
            "evaluate: the folder /no/such does not exist; give that of an earlier run with trials.resume=FOLDER.",
        ),
        (
            "train resume=/no/such",
            "train: the folder /no/such does not exist; give that of an earlier run with resume=FOLDER.",
        ),
        ("train data=manifest data.manifest=/no/such.csv", "train: the manifest /no/such.csv does not exist;"),
    ],
)
def test_a_missing_file_is_told_before_torch_is_imported(words: str, sentence: str) -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM, *words.split()], capture_output=True, text=True, check=False)
    assert done.returncode == 2, done.stderr
    assert done.stderr.startswith(sentence)
