import { call } from "./api.js";
import { byId, calmly, element } from "./dom.js";
import { enrolInDialog } from "./enrol_dialog.js";
import { gallery } from "./gallery.js";
import { complain } from "./messages.js";
import { tile } from "./tile.js";
import { people, photographs } from "./words.js";

const PAGE = 48;
let next = null;

/** Make the view of everybody who is enrolled. */
export function startPeople() {
  byId("name-part").addEventListener("input", calmly(() => showPeople().catch(complain)));
  byId("more").addEventListener("click", () => showMore().catch(complain));
  byId("add-person").addEventListener("click", async () => {
    if (await enrolInDialog()) showPeople().catch(complain);
  });
}

/** Show the first people whose names have what was typed. */
export async function showPeople() {
  const part = byId("name-part").value.trim();
  const page = await ask(part, null);
  if (byId("name-part").value.trim() !== part) return; // more was typed meanwhile
  byId("cards").replaceChildren(...page.map(card));
  tell(part);
}

async function showMore() {
  const part = byId("name-part").value.trim();
  const cards = (await ask(part, next)).map(card);
  byId("cards").append(...cards);
  tell(part);
  cards[0]?.querySelector("a").focus();
}

async function ask(part, after) {
  const answer = await call("GET", "persons", { query: { limit: PAGE, after, name: part || null } });
  next = answer.next;
  return answer.persons;
}

function tell(part) {
  const shown = byId("cards").childElementCount;
  byId("more").hidden = next === null;
  if (!shown) byId("found").textContent = part ? "Nobody has such a name." : "Nobody is enrolled yet.";
  else if (next === null) byId("found").textContent = people(shown);
  else byId("found").textContent = part ? `${people(shown)} and more` : `${shown} of ${people(gallery.people)}`;
}

function card({ id, name, photographs: enrolled }) {
  return element(
    "li",
    {},
    element(
      "a",
      { class: "card", href: `#/people/${id}` },
      tile(enrolled[0]?.id, name),
      element("span", { class: "card-name" }, name),
      element("span", { class: "muted" }, photographs(enrolled.length)),
    ),
  );
}
