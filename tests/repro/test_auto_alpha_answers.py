"""What second stages say of queries: half of the people to fit on, the others to measure."""

import json
from pathlib import Path

from fdemd.repro.auto_alpha_answers import (
    LFW,
    SECOND_STAGES,
    collect_answers,
    describe_network,
    networks_needed,
)
from fdemd.repro.auto_alpha_run import held_out_row
from fdemd.repro.lfw_networks import NETWORKS
from fdemd.retrieval.auto_alpha import RULE

ROOT = Path(__file__).resolve().parents[2]
FACTS = json.loads((ROOT / "results" / "auto_alpha.json").read_text(encoding="utf-8"))


def test_people_are_fitted_on_or_measured_never_both(few_people: Path) -> None:
    words = ["data=folder", f"data.root='{few_people}'", "data.num_workers=0", "query=[clean,mask]", "model=dlib"]
    point = describe_network(LFW, NETWORKS[0], words)
    answers, facts = collect_answers(point, seed=0)
    assert [each.kind for each in answers] == ["clean", "mask"]
    assert 0 < facts["people to fit on"] < facts["people"] == 5
    for each in answers:
        assert len(each.fitted) == 20
        assert int(each.fitted.sum()) == 4 * facts["people to fit on"], "all photographs of a person"
        row = held_out_row(each, RULE)
        assert row["queries"] == 20 - 4 * facts["people to fit on"]
        assert row["stage 1"] <= row["best fixed"] <= 100


def test_every_network_of_a_second_stage_is_one_of_the_results() -> None:
    needed = networks_needed()
    assert {stage.network for stage in SECOND_STAGES} == {network.name for network in needed}
    linear = {network.name for network in needed if network.linear}
    assert {stage.network for stage in SECOND_STAGES if stage.patches == "projected"} <= linear
