import { byId } from "./dom.js";
import { refreshGallery } from "./gallery.js";
import { forgetKey } from "./key.js";
import { clearMessage, complain } from "./messages.js";
import { startPeople, showPeople } from "./people.js";
import { startPerson, showPerson } from "./person.js";
import { startPhotograph } from "./photograph.js";

const VIEWS = ["photograph", "people", "person"];

/** `#/` is the photograph, `#/people` everybody, `#/people/12` one person. */
async function route(event) {
  const asked = location.hash;
  const [, first, second] = asked.split("/");
  const view = first === "people" ? (second ? "person" : "people") : "photograph";
  if (event) clearMessage();
  try {
    if (view === "people") await showPeople();
    if (view === "person") await showPerson(second);
  } catch (error) {
    complain(error);
    if (view === "person") location.replace("#/people");
    return;
  }
  if (location.hash !== asked) return; // another view was chosen while this one was loading
  for (const each of VIEWS) byId(each).hidden = each !== view;
  for (const link of document.querySelectorAll("nav a")) {
    const here = link.hash === (view === "photograph" ? "#/" : "#/people");
    here ? link.setAttribute("aria-current", "page") : link.removeAttribute("aria-current");
  }
  if (event) byId(view).querySelector("h1").focus();
}

byId("forget-key").addEventListener("click", () => {
  forgetKey();
  location.reload();
});

try {
  await refreshGallery();
  startPhotograph();
  startPeople();
  startPerson();
  addEventListener("hashchange", route);
  await route();
} catch (error) {
  complain(error);
}
