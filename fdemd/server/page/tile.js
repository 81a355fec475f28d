import { call } from "./api.js";
import { element } from "./dom.js";
import { gallery } from "./gallery.js";

/**
 * The picture of an enrolled face; where the gallery keeps none, a plain tile with the first letter of the name.
 *
 * @param {number|null} photograph Number of the photograph.
 * @param {string} name
 * @param {string} alt Empty where the name stands beside it.
 */
export function tile(photograph, name, alt = "") {
  const letter = element("span", { "aria-hidden": "true" }, [...name][0].toUpperCase());
  const made = element("span", { class: "tile" }, letter);
  if (photograph && gallery.keep !== "none") load(made, photograph, alt);
  return made;
}

async function load(made, photograph, alt) {
  const blob = await call("GET", `faces/${photograph}/picture`).catch(() => null);
  if (!blob) return; // removed meanwhile: the letter stays
  const address = URL.createObjectURL(blob);
  const image = element("img", { src: address, alt });
  await image.decode().then(() => made.replaceChildren(image), () => null);
  URL.revokeObjectURL(address); // no picture of a face outlives its place on the page
}
