import { ask } from "./dialogs.js";
import { element } from "./dom.js";

const STORED = "fdemd-key";
let asking = null;

/** The key of this tab; the browser forgets it when the tab is closed. */
export const key = () => sessionStorage.getItem(STORED);

export const forgetKey = () => sessionStorage.removeItem(STORED);

/** Ask for a key, once for all requests that want one; false if none was given. */
export function askForKey(sentence) {
  asking ??= ask({
    title: "This gallery asks for a key",
    body: [
      element("p", {}, sentence),
      element(
        "label",
        {},
        element("span", { class: "label" }, "Key"),
        element("input", { id: "key", type: "password", required: true, autocomplete: "off" }),
      ),
    ],
    action: "Go on",
    work: async () => {
      sessionStorage.setItem(STORED, document.getElementById("key").value.trim());
      return true;
    },
  }).finally(() => {
    asking = null;
  });
  return asking;
}
