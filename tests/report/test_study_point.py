"""What one network gave on one data set of a study."""

from dataclasses import replace

from fdemd.report.study_point import PointResult, point_label


def test_rows_have_intervals_and_gains_in_percent(point: PointResult) -> None:
    first, emd = point.rows(with_normalization=False, with_copies=False)
    assert (first["model"], first["data"], first["P@1"], first["P@1 gain"]) == ("dlib", "orl", 76.5, None)
    assert (emd["P@1 gain"], emd["P@1 gain low"], emd["P@1 gain high"]) == (5.0, -1.0, 10.0)
    assert (emd["queries"], emd["missed"], emd["lone"], emd["seconds"]) == (3, 1, 1, 1.23)
    assert "align" in point.rows(with_normalization=True, with_copies=False)[0]


def test_a_point_tells_what_decided_its_figures(point: PointResult) -> None:
    facts = point.facts()
    assert (facts["queries_a_kind"], facts["of"], facts["no_face_found"]) == (4, 4, 1)
    assert facts["seconds"] == {"rank_and_rerank": 1.23}
    assert point.label == point_label(point.settings) == "dlib_orl"
    assert point.left_out() == [("3.png", "no face found", "none")]


def test_a_gallery_with_copies_is_told_from_the_plain_one(point: PointResult) -> None:
    copied = replace(point, settings=point.settings.model_copy(update={"copies": ["mask", "crop"]}))
    assert (point.title, copied.title) == ("dlib on orl", "dlib on orl, copies mask + crop")
    cells = [each.rows(with_normalization=False, with_copies=True)[0]["copies"] for each in (point, copied)]
    assert cells == ["", "mask + crop"]
