/**
 * Make an element. Children that are texts become text nodes and nothing is ever parsed as markup, so that a name can
 * be anything.
 *
 * @param {string} tag
 * @param {Object} attributes Functions are listeners (`onclick`); true sets an attribute, false and null leave it out.
 * @param {...(Node|string|null|false)} children
 */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(name.slice(2), value);
    else if (isGiven(value)) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.filter(isGiven));
  return made;
}

const isGiven = (value) => value !== false && value !== null && value !== undefined;

/** The element with an id. */
export const byId = (id) => document.getElementById(id);

/** Call a function once its calls have stopped for a moment, so that not every key that is typed is a request. */
export function calmly(work, milliseconds = 200) {
  let timer;
  return (...values) => {
    clearTimeout(timer);
    timer = setTimeout(() => work(...values), milliseconds);
  };
}
