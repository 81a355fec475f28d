import { call } from "./api.js";
import { element } from "./dom.js";
import { asSentence } from "./words.js";

/** What no force can pass: there is no face to enrol, or nobody said which. */
const FINAL = ["no face", "no such face", "several faces", "unreadable"];

/**
 * Enrol photographs of a person.
 *
 * @param {string} person
 * @param {(File|Blob)[]} files
 * @param {{face: number|null, force: boolean}} how
 * @returns {Promise<Object[]>} What became of each, also if all were refused.
 */
export async function enrol(person, files, { face = null, force = null } = {}) {
  try {
    const { enrolled } = await call("POST", "faces", { form: { person, photographs: files, face, force } });
    return enrolled;
  } catch (error) {
    if (error.body?.enrolled?.length) return error.body.enrolled;
    throw error;
  }
}

/** Whether a photograph was refused by a rule that can be overruled. */
export const canForce = ({ status, findings }) =>
  status === "refused" && !findings.some((finding) => finding.refuses && FINAL.includes(finding.rule));

/** What became of photographs and what the gate found, as a list. */
export function outcomes(enrolled, names) {
  return element(
    "ul",
    { class: "outcomes" },
    ...enrolled.map(({ status, findings }, place) =>
      element(
        "li",
        { class: status },
        element("p", {}, element("strong", {}, names[place]), ` ${STATUS[status]}`),
        ...findings.map(({ rule, sentence }) => element("p", { class: "muted" }, asSentence(ADVICE[rule] ?? sentence))),
      ),
    ),
  );
}

const STATUS = { enrolled: "was enrolled.", known: "is enrolled already.", refused: "was refused." };

/** What to do on this page, where the server's sentence speaks of options of the command line. */
const ADVICE = {
  "several faces": "It shows several faces: look at it under “Who is this?” and enrol the right one there.",
};
