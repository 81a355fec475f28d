from fdemd.report.methods import differing, method_label

STAGE_1 = {"method": "stage 1", "weighting": "", "patches": "", "grid": "", "alpha": "", "k": ""}
EMD = {"method": "emd", "weighting": "apc", "patches": "raw", "grid": "8x8", "alpha": 0.7, "k": 100}


def test_only_settings_in_which_methods_differ_are_named() -> None:
    rows = [STAGE_1, EMD, EMD | {"alpha": 0.3}]
    names = differing(rows)
    assert names == ["alpha"], "stage 1 has no settings to differ in"
    assert [method_label(row, names) for row in rows] == ["stage 1", "emd alpha 0.7", "emd alpha 0.3"]
