import { openDialog } from "./dialogs.js";
import { element } from "./dom.js";
import { canForce, enrol, outcomes } from "./enrol.js";
import { galleryChanged } from "./gallery.js";
import { nameField } from "./names.js";

/**
 * Ask for photographs of a person and enrol them.
 *
 * @param {string} person Whose they are; empty to ask for the name as well.
 * @returns {Promise<boolean>} Whether any was enrolled.
 */
export function enrolInDialog(person = "") {
  let changed = false;
  const title = person ? `Photographs of ${person}` : "Add a person";
  return openDialog(title, (close) => {
    const { field, input } = nameField({ label: "Name", value: person });
    const files = element("input", { type: "file", accept: "image/*", multiple: true, required: true });
    const result = element("div", { role: "alert" });
    const act = element("button", { class: "primary" }, "Enrol");

    async function submit(chosen, force = null) {
      act.disabled = true;
      result.replaceChildren(element("p", { class: "muted" }, "Enrolling …"));
      try {
        const enrolled = await enrol(input.value, chosen, { force });
        changed ||= enrolled.some((each) => each.status === "enrolled");
        const refused = chosen.filter((_, place) => canForce(enrolled[place]));
        const anyway = element("button", { type: "button", onclick: () => submit(refused, true) }, "Enrol anyway");
        const told = outcomes(enrolled, chosen.map((file) => file.name));
        result.replaceChildren(told, ...(refused.length ? [anyway] : []));
        if (changed) galleryChanged();
        files.value = "";
      } catch (error) {
        result.replaceChildren(element("p", { class: "problem" }, error.message));
      } finally {
        act.disabled = false;
      }
    }

    const form = element(
      "form",
      {
        onsubmit: (event) => {
          event.preventDefault();
          submit([...files.files]);
        },
      },
      person ? null : field,
      element("label", {}, element("span", { class: "label" }, "Photographs of this person alone"), files),
      result,
      element("div", { class: "row end" }, element("button", { type: "button", onclick: () => close() }, "Close"), act),
    );
    return [form];
  }).then(() => changed);
}
