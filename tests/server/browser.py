"""A real server on a small gallery of AT&T faces, and a real Chromium that looks at its page."""

import base64
import io
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from PIL import Image

import fdemd
from fdemd.data.sources import orl_manifest
from fdemd.gallery.occlusions import KINDS

PEOPLE = {"Ann Lee": 1, "Bob": 2, "Chloé Dubois": 3, "Dmitri": 4}
"""Name of an enrolled person -> number of the person among the AT&T faces."""
STRANGER = 10
COHORT = range(13, 41)
SIZE = (184, 224)
"""Of a photograph; the AT&T's are half as large, which is little for a detector."""


def chromium() -> str | None:
    """The program of a Chromium, if there is one."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


def face(person: int, shot: int) -> Image.Image:
    """A photograph of one person, as a browser can show it."""
    return Image.open(orl_manifest().root / f"s{person}" / f"{shot}.pgm").convert("RGB").resize(SIZE)


def png(image: Image.Image) -> bytes:
    """The bytes of a file."""
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def group(*people: int, shot: int) -> Image.Image:
    """A photograph of several people, side by side."""
    picture = Image.new("RGB", (SIZE[0] * len(people), SIZE[1] + 40), "#888888")
    for place, person in enumerate(people):
        picture.paste(face(person, shot), (SIZE[0] * place, 40))
    return picture


def make_gallery(where: Path) -> None:
    """Enrol everybody of :data:`PEOPLE` with two photographs, and measure the thresholds, which are kept."""
    cohort = [[png(face(person, shot)) for shot in (1, 2)] for person in COHORT]
    with fdemd.Gallery.open(where, cohort=cohort) as gallery:
        for name, person in PEOPLE.items():
            done = gallery.enrol(name, [png(face(person, shot)) for shot in (1, 2)])
            assert [each.status for each in done] == ["enrolled"] * 2, [each.sentence for each in done]
        for kind in KINDS:
            gallery.threshold(worn=kind)


def command(*words: str) -> list[str]:
    """``fdemd gallery``, as this checkout has it."""
    return [sys.executable, "-m", "fdemd", "gallery", *words]


@contextmanager
def served(where: Path) -> Iterator[str]:
    """The address of a server of a gallery, a process of its own that has measured its thresholds."""
    package = str(Path(fdemd.__file__).parents[1])
    environment = {**os.environ, "PYTHONPATH": package, "PYTHONUNBUFFERED": "1"}
    words = command("serve", "--gallery", str(where), "--port", "0")
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=environment) as process:
        try:
            assert process.stdout is not None
            told = process.stdout.readline()
            address = re.search(r"http://[\d.]+:\d+", told)
            assert address, told
            httpx.get(f"{address[0]}/v1/gallery", timeout=600)
            yield address[0]
        finally:
            process.terminate()
            process.wait(60)


DROP = """([selector, name, data]) => {
  const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
  const transfer = new DataTransfer();
  transfer.items.add(new File([bytes], name, { type: "image/png" }));
  for (const kind of ["dragenter", "dragover", "drop"]) {
    const event = new DragEvent(kind, { dataTransfer: transfer, bubbles: true, cancelable: true });
    document.querySelector(selector).dispatchEvent(event);
  }
}"""


def drop(page: Any, image: Image.Image) -> None:
    """Drop a photograph on a page, and wait for its answer."""
    page.evaluate(DROP, ["#drop", "photograph.png", base64.b64encode(png(image)).decode()])
    page.wait_for_selector("#answer .picture")


FAINT = """() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const luminance = (colour) => {
    const linear = (share) => (share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4);
    const [r, g, b] = colour.map((each) => linear(each / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const background = (element) => {
    for (let each = element; each; each = each.parentElement) {
      const colour = rgba(getComputedStyle(each).backgroundColor);
      if (colour[3] === 255) return colour;
    }
    return [255, 255, 255, 255];
  };
  const faint = [];
  for (const element of document.querySelectorAll("body *")) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    if (!own || element.disabled || !element.checkVisibility()) continue;
    const [one, other] = [rgba(getComputedStyle(element).color), background(element)].map(luminance);
    const contrast = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    if (contrast < 4.5) faint.push(`${element.textContent.trim().slice(0, 40)}: ${contrast.toFixed(2)}`);
  }
  return faint;
}"""
"""The visible texts whose contrast with what they lie on is below 4.5 (WCAG 2.2, success criterion 1.4.3)."""

NAMELESS = """() => [...document.querySelectorAll("button, a, input, select")]
  .filter((each) => each.checkVisibility())
  .filter((each) => !(each.getAttribute("aria-label") || each.labels?.length || each.textContent.trim()))
  .map((each) => each.outerHTML)"""
"""The visible controls that a screen reader could not name."""

SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
"""By how many pixels the page is wider than the window."""
