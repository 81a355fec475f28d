import { forgetAnswer, showAnswer } from "./answer.js";
import { call } from "./api.js";
import { takePhotograph } from "./camera.js";
import { byId, element } from "./dom.js";
import { gallery } from "./gallery.js";
import { clearMessage, complain } from "./messages.js";
import { DECISIONS, count, share, worn } from "./words.js";

const RATES = [0.1, 0.01, 0.001, 0.0001];
const CANDIDATES = 3;

let photograph = null;
let asking = new AbortController();

/** Make the view that takes a photograph and asks who is on it. */
export function startPhotograph() {
  const settings = byId("settings");
  const rates = [...new Set([...RATES, gallery.fpir])].sort((one, other) => other - one);
  settings.fpir.append(...rates.map((rate) => element("option", { value: rate }, share(rate))));
  settings.fpir.value = gallery.fpir;
  const kinds = gallery.worn.map((kind) => element("option", { value: kind }, worn(kind)));
  settings.worn.append(element("option", { value: "" }, "as they are seen"), ...kinds);
  settings.addEventListener("change", () => photograph && look());
  settings.addEventListener("submit", (event) => event.preventDefault());

  byId("choose").addEventListener("click", () => byId("file").click());
  byId("file").addEventListener("change", () => {
    take(byId("file").files[0]);
    byId("file").value = ""; // so that the same file can be chosen again
  });
  byId("camera").addEventListener("click", async () => take(await takePhotograph()));
  acceptDrops();
}

/** Photographs can be dropped anywhere; beside a small target the browser would open them in place of the page. */
function acceptDrops() {
  const isFile = (event) => event.dataTransfer?.types.includes("Files");
  addEventListener("dragover", (event) => {
    if (!isFile(event)) return;
    event.preventDefault();
    byId("drop").classList.add("over");
  });
  addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) byId("drop").classList.remove("over");
  });
  addEventListener("drop", (event) => {
    if (!isFile(event)) return;
    event.preventDefault();
    byId("drop").classList.remove("over");
    if (document.querySelector("dialog[open]")) return;
    location.hash = "#/";
    take(event.dataTransfer.files[0]);
  });
}

function take(file) {
  if (!file) return;
  if (file.size > gallery.limits.bytes) {
    const megabytes = (bytes) => `${(bytes / 2 ** 20).toFixed(1)} MB`;
    complain({
      forPeople: true,
      message: `The photograph has ${megabytes(file.size)}; the server takes up to ${megabytes(gallery.limits.bytes)}.`,
    });
    return;
  }
  photograph = file;
  forgetAnswer();
  look();
}

/**
 * Ask who is on the photograph and show the answer.
 *
 * @param {{selected: number, focus: boolean}} how See `showAnswer`.
 */
async function look(how) {
  asking.abort();
  asking = new AbortController();
  const { signal } = asking;
  const settings = { fpir: byId("settings").fpir.value, worn: byId("settings").worn.value || null };
  clearMessage();
  byId("drop").classList.add("small");
  byId("summary").textContent = "Looking for faces …";
  byId("photograph").setAttribute("aria-busy", "true");
  try {
    const answer = await call("POST", "search", { form: { photograph, candidates: CANDIDATES, ...settings }, signal });
    byId("summary").textContent = summary(answer.faces);
    showAnswer({ photograph, settings, ...answer }, look, how);
  } catch (error) {
    if (error.name === "AbortError") return;
    byId("summary").textContent = "";
    forgetAnswer();
    complain(error);
  }
  byId("photograph").removeAttribute("aria-busy");
}

/** `3 faces: 2 known, 1 unknown.` */
function summary(faces) {
  if (!faces.length) return "No face was found on this photograph.";
  const kinds = Object.keys(DECISIONS)
    .map((decision) => [faces.filter((face) => face.decision === decision).length, DECISIONS[decision].toLowerCase()])
    .filter(([many]) => many);
  return `${count(faces.length, "face", "faces")}: ${kinds.map((each) => each.join(" ")).join(", ")}.`;
}
