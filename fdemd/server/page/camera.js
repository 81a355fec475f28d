import { openDialog } from "./dialogs.js";
import { element } from "./dom.js";

const REFUSALS = {
  NotAllowedError:
    "The browser was not allowed to use the camera. Allow it beside the address, or choose a photograph.",
  NotFoundError: "This device has no camera. Choose a photograph instead.",
  NotReadableError: "The camera is used by another program. Close that, or choose a photograph.",
};
const INSECURE =
  "Browsers lend the camera only to pages on this computer itself or over HTTPS. Choose a photograph instead.";

/** Show the camera's picture and return the photograph that is taken, a Blob; null if none was. */
export async function takePhotograph() {
  let stream = null;
  let closed = false;
  const taken = await openDialog("Take a photograph", (close) => {
    const words = { autoplay: true, muted: true, playsinline: true, "aria-label": "The camera's picture" };
    const video = element("video", words);
    const problem = element("p", { role: "alert" });
    const done = async () => close(await still(video));
    const take = element("button", { class: "primary", disabled: true, onclick: done }, "Take it");
    const cancel = element("button", { onclick: () => close() }, "Cancel");
    open().then(
      (opened) => {
        stream = opened;
        if (closed) return stop(stream); // the dialog was closed while the browser asked for leave
        video.srcObject = stream;
        video.onloadeddata = () => {
          take.disabled = false;
          take.focus();
        };
      },
      (error) => {
        video.hidden = true;
        take.hidden = true;
        problem.textContent = REFUSALS[error.name] ?? error.message;
      },
    );
    return [video, problem, element("div", { class: "row end" }, cancel, take)];
  }, "camera");
  closed = true;
  stop(stream);
  return taken;
}

async function open() {
  if (!navigator.mediaDevices) throw new Error(INSECURE);
  return navigator.mediaDevices.getUserMedia({ video: { width: { ideal: 1280 }, facingMode: "user" } });
}

function stop(stream) {
  for (const track of stream?.getTracks() ?? []) track.stop();
}

function still(video) {
  const canvas = element("canvas", { width: video.videoWidth, height: video.videoHeight });
  canvas.getContext("2d").drawImage(video, 0, 0);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.92));
}
