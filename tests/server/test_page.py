"""The web page of a server, used by somebody in a browser."""

import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.server.browser import (
    FAINT,
    NAMELESS,
    SIDEWAYS,
    STRANGER,
    chromium,
    command,
    drop,
    face,
    group,
    make_gallery,
    png,
    served,
)

pytest.importorskip("fastapi")
playwright = pytest.importorskip(
    "playwright.sync_api", reason="a browser is driven by playwright, which is not installed"
)
expect = playwright.expect
expect.set_options(timeout=30_000)  # a busy machine is no mistake of the page

WIDE, PHONE = {"width": 1200, "height": 850}, {"width": 400, "height": 800}


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    program = chromium()
    if program is None:
        pytest.skip("there is no Chromium on this machine")
    # Root may not use Chromium's sandbox, and a test has a camera that shows a made picture.
    words = ["--no-sandbox", "--use-fake-device-for-media-stream"]
    with playwright.sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=program, args=words)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def made(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A gallery, to copy."""
    where = tmp_path_factory.mktemp("page") / "people.db"
    make_gallery(where)
    return where


@pytest.fixture(scope="module")
def server(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server without keys; tests share it, and each changes people of its own."""
    with served(Path(shutil.copy(made, tmp_path_factory.mktemp("served") / "people.db"))) as address:
        yield address


@pytest.fixture
def look(browser: Any, server: str) -> Iterator[Callable[..., Any]]:
    """Opens the page; in the end nothing went wrong in it, and it asked nobody but its server."""
    contexts, errors, asked = [], [], []

    def call(where: str = "#/", *, viewport: dict[str, int] = WIDE, **options: Any) -> Any:
        contexts.append(browser.new_context(viewport=viewport, **options))
        page = contexts[-1].new_page()
        page.set_default_timeout(30_000)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda message: message.type == "error" and errors.append(message.text))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"{server}/{where}")
        page.wait_for_selector("#network:not(:empty)")
        return page

    yield call
    for context in contexts:
        context.close()
    # Browsers write answers of such a status to the console; the page tells what they say.
    assert [error for error in errors if not re.search("status of 4(00|09)", error)] == []
    assert [url for url in asked if not url.startswith((f"{server}/", f"blob:{server}/", "data:image/png"))] == []


def names(page: Any) -> list[str]:
    """What stands at the boxes."""
    return sorted(page.locator(".box .tag").all_text_contents())


def enrol(server: str, name: str, person: int, *shots: int) -> int:
    """Enrol somebody over HTTP; return the number."""
    files = [("photographs", (f"{shot}.png", png(face(person, shot)), "image/png")) for shot in shots]
    answer = httpx.post(f"{server}/v1/faces", data={"person": name, "force": "true"}, files=files, timeout=600)
    assert answer.status_code == 201, answer.text
    return int(answer.json()["person"]["id"])


def enrolled(server: str) -> dict[str, int]:
    """Name -> number of photographs of everybody."""
    persons = httpx.get(f"{server}/v1/persons", timeout=600).json()["persons"]
    return {person["name"]: len(person["photographs"]) for person in persons}


def test_every_face_of_a_dropped_photograph_is_boxed_and_named(look: Callable[..., Any]) -> None:
    page = look()
    drop(page, group(1, STRANGER, 2, shot=3))
    assert names(page) == ["Ann Lee", "Bob", "Unknown"]
    expect(page.locator("#summary")).to_have_text("3 faces: 2 known, 1 unknown.")
    picture = page.locator(".picture").bounding_box()
    places = [page.locator(".box", has_text=name).bounding_box()["x"] for name in ("Ann Lee", "Unknown", "Bob")]
    assert picture["x"] < places[0] < places[1] < places[2] < picture["x"] + picture["width"]

    page.get_by_role("button", name="Face 3 of 3: Bob. Bob: ").click()
    expect(page.locator("#panel h2")).to_have_text("Bob")
    expect(page.locator(".answer-sentence")).to_contain_text("stranger")
    expect(page.locator(".candidates img").first).to_be_visible()


def test_the_rate_of_strangers_and_what_people_wear_can_be_chosen(look: Callable[..., Any]) -> None:
    page = look()
    assert page.locator("[name=fpir] option:checked").text_content() == "1 of 100"
    drop(page, face(1, 3))
    with page.expect_response("**/v1/search") as often:
        page.get_by_label("A stranger gets a name in").select_option("1 of 10")
    (clean,) = often.value.json()["faces"]
    assert clean["fpir"] == 0.1
    with page.expect_response("**/v1/search") as masked:
        page.get_by_label("Faces on it are").select_option("masked")
    assert masked.value.json()["faces"][0]["threshold"] != clean["threshold"]
    expect(page.locator(".box .tag")).to_have_text(["Ann Lee"])


def test_evidence_is_a_picture_with_what_it_means(look: Callable[..., Any]) -> None:
    page = look()
    drop(page, face(1, 3))
    button = page.get_by_role("button", name="Evidence for Ann Lee")
    button.click()
    expect(button).to_have_attribute("aria-expanded", "true")
    picture = page.locator(".evidence img")
    expect(picture).to_be_visible()
    assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") > 1000
    expect(page.locator(".evidence:visible")).to_contain_text("The upper half of the face carries")

    page.get_by_role("button", name="Show it in full").click()
    expect(page.get_by_role("dialog", name="Evidence for Ann Lee")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    button.click()
    expect(page.locator(".evidence:visible")).to_have_count(0)


def test_a_stranger_is_enrolled_and_known_from_then_on(look: Callable[..., Any], server: str) -> None:
    page = look()
    drop(page, face(9, 1))
    expect(page.locator(".box .tag")).to_have_text(["Unknown"])
    page.get_by_label("This face is").fill("Gita")
    expect(page.locator(".hint")).to_have_text("Somebody new.")
    page.get_by_role("button", name="Enrol", exact=True).click()
    expect(page.locator(".box .tag")).to_have_text(["Gita"])
    expect(page.locator("#messages")).to_contain_text("This photograph was enrolled.")
    assert enrolled(server)["Gita"] == 1


def test_what_the_gate_refuses_can_be_enrolled_anyway(look: Callable[..., Any], server: str) -> None:
    page = look()
    drop(page, face(2, 4))
    page.get_by_label("This face is").fill("Not Bob")
    page.get_by_role("button", name="Enrol", exact=True).click()
    expect(page.locator(".outcomes")).to_contain_text("was refused")
    expect(page.locator(".outcomes")).to_contain_text(re.compile(r"It looks like Bob .*the same person\?$"))
    assert "Not Bob" not in enrolled(server)
    page.get_by_role("button", name="Enrol anyway").click()
    expect(page.locator("#messages")).to_contain_text("was enrolled")
    assert enrolled(server)["Not Bob"] == 1
    httpx.delete(f"{server}/v1/persons/{enrol(server, 'Not Bob', 2, 4)}", timeout=600)


def test_somebody_is_added_with_several_photographs(look: Callable[..., Any], server: str, tmp_path: Path) -> None:
    (tmp_path / "empty.png").write_bytes(b"no picture")
    for shot in (1, 2):
        face(8, shot).save(tmp_path / f"{shot}.png")
    page = look("#/people")
    page.get_by_role("button", name="Add a person").click()
    page.get_by_role("dialog").get_by_label("Name").fill("Hal")
    page.get_by_label("Photographs of this person alone").set_input_files(sorted(tmp_path.glob("*.png")))
    page.get_by_role("button", name="Enrol", exact=True).click()
    expect(page.locator(".outcomes > li")).to_have_count(3)
    expect(page.locator(".outcomes .enrolled")).to_have_count(2)
    expect(page.locator(".outcomes .refused")).to_contain_text("empty.png was refused.")
    expect(page.get_by_role("button", name="Enrol anyway")).to_have_count(0)  # no force makes a picture of it
    page.get_by_role("button", name="Close").click()
    expect(page.locator(".card", has_text="Hal")).to_contain_text("2 photographs")


def test_people_are_found_by_name_and_paged(look: Callable[..., Any]) -> None:
    page = look("#/people")
    expect(page.locator(".card", has_text="Ann Lee")).to_contain_text("2 photographs")
    expect(page.locator(".card img").first).to_be_visible()
    page.get_by_label("Search by name").fill("chlo")
    expect(page.locator(".card-name")).to_have_text(["Chloé Dubois"])
    page.get_by_label("Search by name").fill("nobody at all")
    expect(page.locator("#found")).to_have_text("Nobody has such a name.")

    person = {"enrolled": "2026-01-01T00:00:00Z", "photographs": []}
    first = [{**person, "id": number, "name": f"Person {number}"} for number in range(1, 49)]
    second = [{**person, "id": 49, "name": "Person 49"}]
    page.route("**/v1/persons?limit=48&after=48", lambda route: route.fulfill(json={"persons": second, "next": None}))
    page.route("**/v1/persons?limit=48", lambda route: route.fulfill(json={"persons": first, "next": 48}))
    page.get_by_label("Search by name").fill("")
    expect(page.locator(".card")).to_have_count(48)
    page.get_by_role("button", name="Show more").click()
    expect(page.locator(".card")).to_have_count(49)
    expect(page.locator("#more")).to_be_hidden()
    expect(page.get_by_role("link", name="Person 49")).to_be_focused()


def test_a_person_is_renamed(look: Callable[..., Any], server: str) -> None:
    page = look(f"#/people/{enrol(server, 'Ida', 7, 1)}")
    page.get_by_role("button", name="Rename").click()
    field = page.get_by_label("New name")
    field.fill("Bob")
    page.get_by_role("dialog").get_by_role("button", name="Rename").click()
    expect(page.get_by_role("alert")).to_contain_text("There is somebody called 'Bob' already")
    field.fill("Ida Maier")
    field.press("Enter")
    expect(page.locator("#person-name")).to_have_text("Ida Maier")
    assert {"Ida Maier"} == set(enrolled(server)) & {"Ida", "Ida Maier"}


def test_two_people_who_are_one_are_merged(look: Callable[..., Any], server: str) -> None:
    enrol(server, "Jo", 6, 1)
    page = look(f"#/people/{enrol(server, 'Joseph', 6, 2)}")
    page.get_by_role("button", name="Merge").click()
    page.get_by_label("The same person as").fill("Jo")
    expect(page.locator(".hint")).to_have_text("Enrolled, with 1 photograph.")
    page.get_by_role("dialog").get_by_role("button", name="Merge").click()
    expect(page.locator("#person-name")).to_have_text("Jo")
    expect(page.locator("#messages")).to_contain_text("Joseph and Jo are one person now.")
    assert enrolled(server)["Jo"] == 2


def test_a_photograph_and_a_person_are_deleted_once_it_is_confirmed(look: Callable[..., Any], server: str) -> None:
    page = look(f"#/people/{enrol(server, 'Kim', 5, 1, 2)}")
    page.get_by_role("button", name="Delete: Photograph 1 of Kim").click()
    expect(page.get_by_role("button", name="Cancel")).to_be_focused()
    page.keyboard.press("Escape")
    assert enrolled(server)["Kim"] == 2
    page.get_by_role("button", name="Delete: Photograph 1 of Kim").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.locator("#messages")).to_contain_text("Photograph 1 of Kim was deleted.")
    expect(page.locator("#person-photographs > li")).to_have_count(1)
    assert enrolled(server)["Kim"] == 1

    page.locator("#person-delete").click()
    page.get_by_role("dialog", name="Delete Kim?").get_by_role("button", name="Delete").click()
    expect(page.locator("#messages")).to_contain_text("Kim with 1 photograph was deleted.")
    expect(page).to_have_url(f"{server}/#/people")
    expect(page.locator(".card", has_text="Kim")).to_have_count(0)
    assert "Kim" not in enrolled(server)


def test_hostile_names_are_shown_as_text(look: Callable[..., Any], server: str) -> None:
    name = "&lt;img src=x onerror=hacked()&gt; \"'; DROP TABLE person; --"  # the signs of markup themselves are refused
    page = look(f"#/people/{enrol(server, name, 11, 1)}")
    expect(page.locator("#person-name")).to_have_text(name)
    page.goto(f"{server}/#/people")
    expect(page.locator(".card-name", has_text="DROP TABLE")).to_have_text(name)

    markup = "<img src=x onerror='window.hacked = true'><b>Eve</b>"
    candidate = {"person": markup, "person_id": 1, "score": 0.9, "cosine": 0.9, "emd": None, "rate": 0.001}
    candidate |= {"photograph": 1, "path": markup}
    answer = {
        "box": [9, 9, 90, 90],
        "person": markup,
        "decision": "known",
        "score": 0.9,
        "threshold": 0.5,
        "rate": 0.001,
    }
    answer |= {"fpir": 0.01, "sentence": markup, "candidates": [candidate]}
    page.route("**/v1/search", lambda route: route.fulfill(json={"faces": [answer], "width": 184, "height": 224}))
    page.goto(f"{server}/#/")
    drop(page, face(1, 3))
    expect(page.locator(".box .tag")).to_have_text(markup)
    assert page.locator("#answer b").count() == 0
    assert page.evaluate("window.hacked") is None
    httpx.delete(f"{server}/v1/persons/{enrol(server, name, 11, 1)}", timeout=600)


def test_everything_can_be_done_with_the_keyboard(look: Callable[..., Any], tmp_path: Path) -> None:
    group(1, 2, shot=3).save(tmp_path / "group.png")
    page = look()
    page.on("filechooser", lambda chooser: None)  # from now on a chooser is no window, which takes the browser a moment

    def tab_to(name: str) -> None:
        for _ in range(40):
            page.keyboard.press("Tab")
            focused = page.locator(":focus")
            if name in (focused.get_attribute("aria-label") or focused.text_content()):
                assert focused.evaluate("each => getComputedStyle(each).outlineStyle") != "none"
                return
        pytest.fail(f"Tab does not lead to {name}")

    tab_to("Choose a photograph")
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Enter")
    chooser.value.set_files(tmp_path / "group.png")
    page.wait_for_selector(".box")
    tab_to("Face 1 of 2")
    tab_to("Face 2 of 2")
    page.keyboard.press("Space")
    expect(page.locator(":focus")).to_have_attribute("aria-pressed", "true")
    tab_to("Evidence for")
    page.keyboard.press("Enter")
    expect(page.locator(".evidence img")).to_be_visible()
    tab_to("Show it in full")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("button", name="Show it in full")).to_be_focused()
    page.locator("h1:visible").focus()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#people h1")).to_be_focused()
    tab_to("Ann Lee")
    page.keyboard.press("Enter")
    expect(page.locator("#person-name")).to_have_text("Ann Lee")


@pytest.mark.parametrize(
    ("viewport", "scheme"),
    [
        pytest.param(WIDE, "light", id="wide-light"),
        pytest.param(PHONE, "dark", id="phone-dark"),
        pytest.param(WIDE, "dark", id="wide-dark", marks=pytest.mark.slow),
        pytest.param(PHONE, "light", id="phone-light", marks=pytest.mark.slow),
    ],
)
def test_nothing_is_cut_off_faint_or_nameless(look: Callable[..., Any], viewport: dict[str, int], scheme: str) -> None:
    page = look(viewport=viewport, color_scheme=scheme)

    def check() -> None:
        assert page.evaluate(SIDEWAYS) == 0
        assert page.evaluate(FAINT) == []
        assert page.evaluate(NAMELESS) == []

    check()
    drop(page, group(1, STRANGER, 2, shot=3))
    page.get_by_role("button", name="Evidence for").first.click()
    expect(page.locator(".evidence img")).to_be_visible()
    check()
    page.get_by_role("link", name="People").click()
    expect(page.locator(".card", has_text="Bob")).to_be_visible()
    check()
    page.locator(".card", has_text="Bob").click()
    page.locator("#person-delete").click()
    check()
    page.keyboard.press("Escape")


def test_a_photograph_is_taken_with_the_camera(look: Callable[..., Any]) -> None:
    page = look(permissions=["camera"])
    page.get_by_role("button", name="Use the camera").click()
    page.get_by_role("button", name="Take it").click()
    expect(page.locator("#summary")).to_have_text("No face was found on this photograph.")


def test_a_refused_camera_is_told(look: Callable[..., Any]) -> None:
    page = look()
    page.get_by_role("button", name="Use the camera").click()
    expect(page.get_by_role("dialog")).to_contain_text("The browser was not allowed to use the camera.")
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Use the camera")).to_be_focused()


def test_what_is_no_photograph_is_told_with_the_servers_sentence(look: Callable[..., Any]) -> None:
    page = look()
    page.locator("#file").set_input_files({"name": "notes.txt", "mimeType": "text/plain", "buffer": b"no picture"})
    expect(page.locator("#messages .error")).to_contain_text("The photograph notes.txt cannot be read")
    expect(page.locator("#answer")).to_be_empty()


def test_a_server_with_keys_asks_for_one_and_the_role_decides(browser: Any, made: Path, tmp_path: Path) -> None:
    where = Path(shutil.copy(made, tmp_path / "people.db"))
    words = command("key", "create", "front desk", "--gallery", str(where))
    key = subprocess.run(words, capture_output=True, text=True, check=True).stdout.split()[0]
    with served(where) as address:
        page = browser.new_context().new_page()
        page.goto(address)
        dialog = page.get_by_role("dialog", name="This gallery asks for a key")
        expect(dialog).to_contain_text("This server wants a key")
        page.locator("#key").fill("a guess")
        page.keyboard.press("Enter")
        expect(dialog).to_contain_text("This key opens nothing")
        page.locator("#key").fill(key)
        page.keyboard.press("Enter")
        expect(page.locator("#size")).to_have_text("4 people, 8 photographs")
        assert page.evaluate("[localStorage.length, document.cookie]") == [0, ""]

        drop(page, face(1, 3))
        expect(page.locator(".box .tag")).to_have_text(["Ann Lee"])
        expect(page.get_by_label("This face is")).to_have_count(0)
        page.get_by_role("link", name="People").click()
        expect(page.locator(".card img").first).to_be_visible()
        expect(page.get_by_role("button", name="Add a person")).to_be_hidden()
        page.locator(".card", has_text="Bob").click()
        expect(page.locator("#person-name")).to_have_text("Bob")
        expect(page.get_by_role("button", name="Delete")).to_have_count(0)

        page.get_by_role("button", name="Forget the key").click()
        expect(dialog).to_be_visible()
        page.context.close()
