const number = new Intl.NumberFormat("en");
const day = new Intl.DateTimeFormat("en", { dateStyle: "long" });

/** `3 photographs`, `1 person`. */
export const count = (many, one, several) => `${number.format(many)} ${many === 1 ? one : several}`;

export const photographs = (many) => count(many, "photograph", "photographs");

export const people = (many) => count(many, "person", "people");

/** `1 of 100`. */
export const share = (rate) => `1 of ${number.format(Math.round(1 / rate))}`;

/** A rate of strangers as the server's sentences say it. */
export function strangers(rate) {
  if (rate > 0.95) return "nearly every stranger looks as much alike";
  if (rate > 0.15) return `${Math.max(2, Math.round(10 * rate))} strangers in 10 look as much alike`;
  const many = 1 / rate;
  const digits = 10 ** Math.max(0, Math.floor(Math.log10(many)) - 1);
  return `1 stranger in ${number.format(Math.round(many / digits) * digits)} looks as much alike`;
}

const WORN = { clean: "uncovered", mask: "masked", sunglass: "behind sunglasses", crop: "cut off" };

/** How the faces of a photograph are. */
export const worn = (kind) => WORN[kind] ?? kind;

export const DECISIONS = { known: "Known", unknown: "Unknown", ambiguous: "Too close to tell" };

/** What stands at the box of a face. */
export function nameOf(face) {
  if (face.decision === "known") return face.person;
  if (face.decision === "ambiguous") return face.candidates.slice(0, 2).map((each) => each.person).join(" or ") + "?";
  return "Unknown";
}

export const date = (text) => day.format(new Date(text));

/** `it is blurred` -> `It is blurred.` */
export const asSentence = (text) => text.charAt(0).toUpperCase() + text.slice(1) + (/[.?!]$/.test(text) ? "" : ".");

/** What a removal left: the server says whether the bytes are gone from the database's files already. */
export function removed(what, removal) {
  const erased = "Nothing of it is left in the database's files.";
  const later = "The database was being read: bytes may lie in its log until “fdemd gallery check” is run.";
  return `${what} was deleted. ${removal.erased ? erased : later}`;
}
