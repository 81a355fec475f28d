import { call } from "./api.js";
import { byId } from "./dom.js";
import { key } from "./key.js";
import { complain } from "./messages.js";
import { people, photographs } from "./words.js";

/** What the server says of its gallery: size, threshold, limits, and the role of who asks. */
export const gallery = {};

export const mayChange = () => gallery.role === "admin";

/** Ask for it anew, and tell it where the page shows it. */
export async function refreshGallery() {
  Object.assign(gallery, await call("GET", "gallery"));
  byId("size").textContent = `${people(gallery.people)}, ${photographs(gallery.photographs)}`;
  byId("network").textContent = `Network ${gallery.backbone}, detector ${gallery.detector}.`;
  byId("forget-key").hidden = !key();
  for (const each of document.querySelectorAll("[data-changes]")) each.hidden = !mayChange();
}

/** Ask anew after a change, without waiting: the server measures its threshold again as the gallery grows. */
export function galleryChanged() {
  refreshGallery().catch(complain);
}
