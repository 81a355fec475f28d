import { call } from "./api.js";
import { openDialog } from "./dialogs.js";
import { element } from "./dom.js";

const MEANING = [
  "Lines join the parts of the two faces that were matched: thick lines carry much of the match, light ones join " +
    "parts that are much alike.",
  "In the small pictures red parts weigh or add most and blue ones least. A part that adds little is often covered, " +
    "turned away or in shadow.",
];

/**
 * A button that shows what a candidate rests on, and the place where it is shown.
 *
 * @param {Object} answer See `showAnswer`.
 * @param {number} face Number of the face.
 * @param {number} place Place of the candidate.
 */
export function evidenceButton(answer, face, place) {
  const { person } = answer.faces[face].candidates[place];
  const evidence = element("div", { class: "evidence", id: `evidence-${place}`, hidden: true, role: "status" });
  const button = element("button", {
    type: "button",
    "aria-expanded": "false",
    "aria-controls": evidence.id,
    "aria-label": `Evidence for ${person}`,
    onclick: async () => {
      evidence.hidden = !evidence.hidden;
      button.setAttribute("aria-expanded", !evidence.hidden);
      if (evidence.hidden || evidence.dataset.asked) return;
      evidence.dataset.asked = "true";
      evidence.textContent = "Comparing the two faces …";
      try {
        const form = { photograph: answer.photograph, face, candidate: place, ...answer.settings };
        const found = await call("POST", "explain", { form });
        evidence.replaceChildren(...contentOf(found, person, answer.faces[face].threshold));
      } catch (error) {
        delete evidence.dataset.asked; // so that it can be asked again
        evidence.replaceChildren(element("p", { class: "problem" }, error.message));
      }
    },
  }, "Evidence");
  return { button, evidence };
}

function contentOf(found, person, threshold) {
  const number = (value) => value.toFixed(2);
  const numbers = [
    ["Faces as a whole", number(found.cosine)],
    ["Part by part", number(found.emd)],
    ["Both together", number(found.score)],
    ["Needed for a name", number(threshold)],
  ];
  const pair = ([name, value]) => element("div", {}, element("dt", {}, name), element("dd", {}, value));
  const told = [
    element("dl", {}, ...numbers.map(pair)),
    element("p", {}, halves(found)),
  ];
  const aside = (sentence) => element("p", { class: "muted" }, sentence);
  if (!found.picture) return [...told, aside("The gallery keeps no pictures, so that none can be drawn.")];
  return [pictureOf(found.picture, person), ...told, ...MEANING.map(aside)];
}

/** Which half of the face carries the match: with a mask it is the upper one. A row in the middle belongs to both. */
function halves({ patches, grid: [rows] }) {
  const isUpper = (row) => Math.min(Math.max(rows / 2 - row, 0), 1);
  const all = patches.reduce((sum, patch) => sum + patch.contribution, 0);
  const upper = patches.reduce((sum, patch) => sum + isUpper(patch.row) * patch.contribution, 0);
  if (!(all > 0 && upper >= 0 && upper <= all)) return "The parts of the two faces are not alike.";
  const percent = Math.round((100 * upper) / all);
  return (
    `The upper half of the face carries ${percent} % of what is alike part by part, ` +
    `the lower half ${100 - percent} %.`
  );
}

/** The picture, which can be seen in full. */
function pictureOf(address, person) {
  const alt =
    `The face on the photograph beside the enrolled face of ${person}, with lines between the parts that match`;
  const enlarge = () =>
    openDialog(
      `Evidence for ${person}`,
      (close) => [
        element(
          "div",
          { class: "scroll", tabindex: "0", role: "group", "aria-label": "Picture" },
          element("img", { src: address, alt }),
        ),
        element("div", { class: "row end" }, element("button", { onclick: () => close() }, "Close")),
      ],
      "wide",
    );
  return element(
    "button",
    { type: "button", class: "enlarge", onclick: enlarge },
    element("img", { src: address, alt }),
    "Show it in full",
  );
}
