import { element } from "./dom.js";

/**
 * Open a modal dialog; Escape closes it.
 *
 * @param {string} title
 * @param {(close: (value: any) => void) => Node[]} build Makes what is in it; `close` closes it with a value.
 * @returns {Promise<any>} What it was closed with; null after Escape.
 */
export function openDialog(title, build, kind = "") {
  return new Promise((resolve) => {
    let result = null;
    const heading = element("h2", { id: `dialog-${document.querySelectorAll("dialog").length}` }, title);
    const dialog = element("dialog", { class: kind, "aria-labelledby": heading.id }, heading);
    const close = (value = null) => {
      result = value;
      dialog.close();
    };
    dialog.append(...build(close));
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(result);
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

/**
 * Ask for something in a dialog and do it; what goes wrong is told in the dialog, which stays open.
 *
 * @param {Object} question
 * @param {string} question.title
 * @param {(Node|string)[]} question.body
 * @param {string} question.action What the button says.
 * @param {boolean} question.danger Whether something is lost by it: then Cancel has the focus.
 * @param {() => Promise<any>} question.work Does it; what it returns is the answer.
 * @returns {Promise<any>} What `work` returned; null if it was cancelled.
 */
export function ask({ title, body, action, danger = false, work }) {
  return openDialog(title, (close) => {
    const problem = element("p", { class: "problem", role: "alert" });
    const act = element("button", { class: danger ? "danger filled" : "primary" }, action);
    const cancel = element("button", { type: "button", autofocus: danger, onclick: () => close() }, "Cancel");
    const submit = async (event) => {
      event.preventDefault();
      act.disabled = true;
      problem.textContent = "";
      try {
        close(await work());
      } catch (error) {
        problem.textContent = error.message;
      } finally {
        act.disabled = false;
      }
    };
    return [element("form", { onsubmit: submit }, ...body, problem, element("div", { class: "row end" }, cancel, act))];
  });
}
