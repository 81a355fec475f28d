import { askForKey, forgetKey, key } from "./key.js";

const ROOT = new URL("../v1/", import.meta.url);

/** What the server refused, with its sentence for people. */
export class ServerError extends Error {
  constructor(message, status = 0, body = {}) {
    super(message);
    this.forPeople = true;
    this.status = status;
    this.body = body;
  }
}

/**
 * Ask the server.
 *
 * @param {string} method
 * @param {string} path Below `/v1/`.
 * @param {Object} options
 * @param {Object} options.query Names and values for the address; null leaves one out.
 * @param {Object} options.json Body as JSON.
 * @param {Object} options.form Body as a form: texts, files or arrays of files; null leaves one out.
 * @param {AbortSignal} options.signal
 * @returns {Promise<any>} What it answered, parsed; a Blob if it is a picture.
 * @throws {ServerError}
 */
export async function call(method, path, { query = {}, json, form, signal } = {}) {
  const address = new URL(path, ROOT);
  for (const [name, value] of given(query)) address.searchParams.set(name, value);
  const headers = {};
  const used = key();
  if (used) headers.Authorization = `Bearer ${used}`;
  if (json) headers["Content-Type"] = "application/json";
  const content = json ? JSON.stringify(json) : form && asForm(form);
  const answer = await send(address, { method, headers, signal, body: content });
  if (answer.ok) return answer.headers.get("Content-Type")?.startsWith("image/") ? answer.blob() : answer.json();
  const body = await answer.json().catch(() => ({}));
  const sentence = body.error?.message ?? `The server answered with status ${answer.status}.`;
  if (answer.status === 401) {
    if (used === key()) forgetKey(); // another request may have asked for a new one meanwhile
    if (key() || (await askForKey(sentence))) return call(method, path, { query, json, form, signal });
  }
  throw new ServerError(sentence, answer.status, body);
}

async function send(address, request) {
  try {
    return await fetch(address, { ...request, cache: "no-store" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ServerError("The server does not answer. Is it running, and is the photograph not too large for it?");
  }
}

function asForm(values) {
  const form = new FormData();
  for (const [name, value] of given(values)) {
    for (const each of [value].flat()) form.append(name, each);
  }
  return form;
}

const given = (values) => Object.entries(values).filter(([, value]) => value !== null && value !== undefined);
