import { call } from "./api.js";
import { ask } from "./dialogs.js";
import { byId, element } from "./dom.js";
import { enrolInDialog } from "./enrol_dialog.js";
import { galleryChanged, mayChange } from "./gallery.js";
import { complain, goAndSay, say } from "./messages.js";
import { nameField, personNamed } from "./names.js";
import { tile } from "./tile.js";
import { date, photographs, removed } from "./words.js";

let person = null;

/** Make the view of one person. */
export function startPerson() {
  byId("person-add").addEventListener("click", async () => {
    if (await enrolInDialog(person.name)) again();
  });
  byId("person-rename").addEventListener("click", rename);
  byId("person-merge").addEventListener("click", merge);
  byId("person-delete").addEventListener("click", remove);
}

/** Show a person's photographs, and what can be changed. */
export async function showPerson(id) {
  person = await call("GET", `persons/${encodeURIComponent(id)}`);
  byId("person-name").textContent = person.name;
  byId("person-facts").textContent = `${photographs(person.photographs.length)}, enrolled on ${date(person.enrolled)}`;
  byId("person-photographs").replaceChildren(...person.photographs.map(photographOf));
}

function photographOf(photograph, place) {
  const told = `Photograph ${place + 1} of ${person.name}`;
  const words = { type: "button", class: "quiet danger", "aria-label": `Delete: ${told}` };
  const remove = () => removePhotograph(photograph, told);
  const file = photograph.path?.split(/[\\/]/).pop() ?? `Photograph ${photograph.id}`;
  return element(
    "li",
    {},
    tile(photograph.id, person.name, told),
    element("span", { class: "file", title: photograph.path }, file),
    element("span", { class: "muted" }, date(photograph.enrolled)),
    mayChange() && element("button", { ...words, onclick: remove }, "Delete"),
  );
}

async function rename() {
  const words = { type: "text", value: person.name, required: true, maxlength: 200, autocomplete: "off" };
  const input = element("input", words);
  const renamed = await ask({
    title: "Rename",
    body: [element("label", {}, element("span", { class: "label" }, "New name"), input)],
    action: "Rename",
    work: () => call("PATCH", `persons/${person.id}`, { json: { name: input.value } }),
  });
  if (renamed) again(`${person.name} has another name now.`);
}

async function merge() {
  const { field, input } = nameField({ label: "The same person as", mayBeNew: false });
  const other = await ask({
    title: `Merge ${person.name}`,
    body: [
      element("p", {}, `All photographs of ${person.name} are given to the other person, and this name is removed.`),
      field,
    ],
    action: "Merge",
    work: async () => {
      const found = await personNamed(input.value);
      if (!found) throw new Error("Nobody has this name; choose one of those that are suggested.");
      await call("POST", `persons/${person.id}/merge`, { json: { into: found.id } });
      return found;
    },
  });
  if (!other) return;
  galleryChanged();
  goAndSay(`#/people/${other.id}`, `${person.name} and ${other.name} are one person now.`);
}

async function remove() {
  const told = photographs(person.photographs.length);
  const removal = await ask({
    title: `Delete ${person.name}?`,
    body: [
      element("p", {}, `The name, ${told} and all that was computed from them are erased. This cannot be undone.`),
    ],
    action: "Delete",
    danger: true,
    work: () => call("DELETE", `persons/${person.id}`),
  });
  if (!removal) return;
  galleryChanged();
  goAndSay("#/people", removed(`${person.name} with ${photographs(removal.photographs)}`, removal));
}

async function removePhotograph(photograph, told) {
  const removal = await ask({
    title: "Delete this photograph?",
    body: [
      tile(photograph.id, person.name, told),
      element("p", {}, `${told} and all that was computed from it are erased. This cannot be undone.`),
    ],
    action: "Delete",
    danger: true,
    work: () => call("DELETE", `faces/${photograph.id}`),
  });
  if (removal) again(removed(told, removal));
}

/** Show the person anew after a change. */
async function again(sentence = null) {
  try {
    galleryChanged();
    await showPerson(person.id);
    if (sentence) say(sentence);
    byId("person-name").focus();
  } catch (error) {
    complain(error);
  }
}
