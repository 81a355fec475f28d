import { call } from "./api.js";
import { calmly, element } from "./dom.js";
import { photographs } from "./words.js";

const SUGGESTIONS = 8;
const canonical = (name) => name.normalize("NFC").trim();

/** The person with exactly this name; null if there is none. */
export async function personNamed(name) {
  const wanted = canonical(name);
  let after = null;
  do {
    const { persons, next } = await call("GET", "persons", { query: { name: wanted, after } });
    const found = persons.find((person) => person.name === wanted);
    if (found) return found;
    after = next;
  } while (after);
  return null;
}

/**
 * A field for the name of a person that suggests those who are enrolled and says whether the name is one of them.
 *
 * @param {string} label
 * @param {string} value
 * @param {string[]} first Names that are suggested before anything is typed.
 * @param {boolean} mayBeNew Whether somebody may be named who is not enrolled.
 * @returns {{field: Node, input: HTMLInputElement}}
 */
export function nameField({ label, value = "", first = [], mayBeNew = true }) {
  const id = `names-${document.querySelectorAll("datalist").length}`;
  const list = element("datalist", { id }, ...first.map(option));
  const hint = element("span", { class: "muted hint", "aria-live": "polite" });
  const input = element("input", {
    type: "text", list: id, value, required: true, maxlength: 200, autocomplete: "off", spellcheck: "false",
  });
  const tell = async () => {
    const name = canonical(input.value);
    if (!name) {
      hint.textContent = "";
      return;
    }
    const asked = call("GET", "persons", { query: { name, limit: SUGGESTIONS } });
    const { persons } = await asked.catch(() => ({ persons: [] })); // the server's word counts when it is sent
    const found = persons.find((person) => person.name === name) ?? (await personNamed(name).catch(() => null));
    if (canonical(input.value) !== name) return; // more was typed meanwhile
    list.replaceChildren(...persons.map((person) => option(person.name)));
    if (found) hint.textContent = `Enrolled, with ${photographs(found.photographs.length)}.`;
    else hint.textContent = mayBeNew ? "Somebody new." : "Nobody has this name.";
  };
  input.addEventListener("input", calmly(tell));
  if (value) tell();
  return { field: element("label", {}, element("span", { class: "label" }, label), input, list, hint), input };
}

const option = (name) => element("option", { value: name });
