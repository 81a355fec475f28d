import { byId, element } from "./dom.js";

/** Show a sentence in the live region, in place of the one before. */
export function say(sentence) {
  show(sentence, "message");
}

/** Go to another view and show a sentence there. */
export function goAndSay(hash, sentence) {
  addEventListener("hashchange", () => say(sentence), { once: true });
  location.hash = hash;
}

/** Show what went wrong, as the server or the browser said it. */
export function complain(error) {
  if (error.name === "AbortError") return; // a newer question took its place
  if (!error.forPeople) console.error(error);
  show(error.message, "message error");
}

export function clearMessage() {
  byId("messages").replaceChildren();
}

function show(sentence, kind) {
  const close = element("button", { type: "button", class: "quiet", onclick: clearMessage }, "Dismiss");
  byId("messages").replaceChildren(element("div", { class: kind }, element("p", {}, sentence), close));
}
