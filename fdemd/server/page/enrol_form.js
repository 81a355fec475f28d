import { element } from "./dom.js";
import { canForce, enrol, outcomes } from "./enrol.js";
import { galleryChanged } from "./gallery.js";
import { say } from "./messages.js";
import { nameField } from "./names.js";

/**
 * The form that enrols the selected face of a photograph.
 *
 * @param {Object} answer See `showAnswer`.
 * @param {number} number Number of the face.
 * @param {(how: Object) => void} again Asks again and shows this face; called once it is enrolled.
 */
export function enrolForm(answer, number, again) {
  const face = answer.faces[number];
  const { field, input } = nameField({
    label: "This face is",
    value: face.person ?? "",
    first: face.candidates.map((candidate) => candidate.person),
  });
  const result = element("div", { role: "alert" });
  const button = element("button", { class: "primary" }, "Enrol");

  async function submit(force = null) {
    const person = input.value;
    button.disabled = true;
    result.replaceChildren();
    try {
      const [outcome] = await enrol(person, [answer.photograph], { face: number, force });
      const told = outcomes([outcome], ["This photograph"]);
      if (outcome.status === "refused") {
        const anyway = element("button", { type: "button", onclick: () => submit(true) }, "Enrol anyway");
        result.replaceChildren(told, ...(canForce(outcome) ? [anyway] : []));
        return;
      }
      galleryChanged();
      again({ selected: number, focus: true });
      say([...told.querySelectorAll("p")].map((each) => each.textContent).join(" "));
    } catch (error) {
      result.replaceChildren(element("p", { class: "problem" }, error.message));
    } finally {
      button.disabled = false;
    }
  }

  return element(
    "form",
    {
      class: "enrol",
      onsubmit: (event) => {
        event.preventDefault();
        submit();
      },
    },
    element("div", { class: "row bottom" }, field, button),
    result,
  );
}
