import { byId, element } from "./dom.js";
import { enrolForm } from "./enrol_form.js";
import { evidenceButton } from "./evidence.js";
import { mayChange } from "./gallery.js";
import { tile } from "./tile.js";
import { asSentence, nameOf, strangers } from "./words.js";

let shown = null;

/** Take the photograph and its answer off the page. */
export function forgetAnswer() {
  if (shown) URL.revokeObjectURL(shown);
  shown = null;
  byId("answer").replaceChildren();
}

/**
 * Show a photograph with a box for every face, and beside it what is known of the selected one.
 *
 * @param {Object} answer What the server said, with the `photograph` and the `settings` it was asked with.
 * @param {(how: Object) => void} again Asks again, once somebody was enrolled.
 * @param {{selected: number, focus: boolean}} how Number of the face that is shown first, and whether it is focused.
 */
export function showAnswer(answer, again, { selected = 0, focus = false } = {}) {
  forgetAnswer();
  shown = URL.createObjectURL(answer.photograph);
  const panel = element("div", { class: "panel", id: "panel" });
  const boxes = answer.faces.map((face, number) => boxOf(face, placeOf(answer, number), answer, () => select(number)));

  function select(number) {
    boxes.forEach((box, each) => box.setAttribute("aria-pressed", each === number));
    panel.replaceChildren(...detailsOf(answer, number, again));
  }

  const picture = element(
    "div",
    { class: "picture", role: "group", "aria-label": "The photograph and its faces" },
    photographOf(answer),
    ...fromTheLeft(answer).map((number) => boxes[number]),
  );
  picture.style.setProperty("--shape", answer.width / answer.height);
  byId("answer").append(picture);
  if (!boxes.length) return;
  byId("answer").append(panel);
  select(selected);
  if (focus) boxes[selected].focus();
}

/** Numbers of the faces from left to right, as people count them; the server tells the most prominent one first. */
function fromTheLeft({ faces }) {
  return [...faces.keys()].sort((one, other) => faces[one].box[0] - faces[other].box[0]);
}

/** `Face 2 of 3`, from the left. */
function placeOf(answer, number) {
  return `Face ${fromTheLeft(answer).indexOf(number) + 1} of ${answer.faces.length}`;
}

/** The photograph; a plain field of its shape where the browser cannot show it, as with TIFF. */
function photographOf({ width, height }) {
  const image = element("img", { src: shown, alt: "", width, height });
  image.addEventListener("error", () => image.replaceWith(plain));
  const plain = element("div", { class: "no-picture" }, "This browser cannot show photographs of this kind.");
  plain.style.aspectRatio = `${width} / ${height}`;
  return image;
}

function boxOf(face, place, { width, height }, select) {
  const [left, top, right, bottom] = within(face.box, width, height);
  const button = element(
    "button",
    {
      type: "button",
      class: `box ${face.decision}`,
      "aria-label": `${place}: ${nameOf(face)}. ${face.sentence}`,
      "aria-controls": "panel",
      onclick: select,
    },
    element("span", { class: "tag" }, nameOf(face)),
  );
  const percent = (share) => `${100 * share}%`;
  button.style.left = percent(left / width);
  button.style.top = percent(top / height);
  button.style.width = percent((right - left) / width);
  button.style.height = percent((bottom - top) / height);
  // The name lies above the box as far as there is room, and runs to the side where there is more of it.
  const toTheLeft = left + right > width;
  button.classList.toggle("tag-left", toTheLeft);
  button.style.setProperty("--room", toTheLeft ? right / width : 1 - left / width);
  button.style.setProperty("--above", top / width);
  return button;
}

/** A box may reach beyond the photograph. */
function within([left, top, right, bottom], width, height) {
  return [Math.max(left, 0), Math.max(top, 0), Math.min(right, width), Math.min(bottom, height)];
}

function detailsOf(answer, number, again) {
  const face = answer.faces[number];
  const details = [
    answer.faces.length > 1 && element("p", { class: "muted" }, placeOf(answer, number)),
    element("h2", { class: "name" }, nameOf(face)),
    element("p", { class: "answer-sentence" }, face.sentence),
  ];
  if (face.candidates.length) {
    details.push(
      element("h3", {}, "Most alike"),
      element("ol", { class: "candidates" }, ...face.candidates.map((_, place) => candidateOf(answer, number, place))),
    );
  }
  if (mayChange()) details.push(enrolForm(answer, number, again));
  return details.filter(Boolean);
}

function candidateOf(answer, number, place) {
  const face = answer.faces[number];
  const candidate = face.candidates[place];
  const isToldAbove = place === 0 && face.decision !== "ambiguous"; // the answer's sentence has the rate of the first
  const { button, evidence } = evidenceButton(answer, number, place);
  return element(
    "li",
    {},
    tile(candidate.photograph, candidate.person),
    element(
      "div",
      { class: "candidate" },
      element("a", { href: `#/people/${candidate.person_id}` }, candidate.person),
      isToldAbove ? null : element("p", { class: "muted" }, asSentence(strangers(candidate.rate))),
      meter(candidate.score, face.threshold),
    ),
    button,
    evidence,
  );
}

/** How alike they are, with a mark at the threshold. */
function meter(score, threshold) {
  const told = `Score ${score.toFixed(2)}; from ${threshold.toFixed(2)} on a face gets a name.`;
  const bar = element("span", { class: score >= threshold ? "bar enough" : "bar" });
  const mark = element("span", { class: "mark" });
  bar.style.width = `${100 * Math.min(Math.max(score, 0), 1)}%`;
  mark.style.left = `${100 * Math.min(Math.max(threshold, 0), 1)}%`;
  return element("span", { class: "meter", role: "img", "aria-label": told, title: told }, bar, mark);
}
