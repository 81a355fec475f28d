from pathlib import Path

from fdemd.report.page import Figure, save_page
from fdemd.report.table import Table


def test_text_from_outside_stays_text(tmp_path: Path) -> None:
    picture = tmp_path / "picture.svg"
    picture.write_text("<svg/>")
    hostile = "<script>alert(1)</script>"
    blocks = [Table(hostile, [{hostile: hostile}], notes=[hostile]), Figure(hostile, picture)]
    save_page(tmp_path / "page.html", hostile, blocks, [hostile])
    page = (tmp_path / "page.html").read_text()
    assert "<script" not in page
    assert page.count("&lt;script&gt;") >= 6
