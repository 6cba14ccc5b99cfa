const form = document.getElementById("composer");
const box = form.querySelector("textarea");
const announcer = document.getElementById("announcer");
const page = document.documentElement;

// Composer: Enter sends, Shift+Enter breaks; a phone's Enter key always breaks.
const isTouch = matchMedia("(pointer: coarse)");

box.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing || isTouch.matches) return;
  event.preventDefault();
  if (box.value.trim()) form.requestSubmit();
});

function fit() {
  if (CSS.supports("field-sizing", "content")) return;
  box.style.height = "auto";
  box.style.height = `${box.scrollHeight}px`;
}
box.addEventListener("input", fit);

document.addEventListener("click", (event) => {
  const example = event.target.closest("[data-prompt]");
  if (!example) return;
  event.preventDefault();
  box.value = example.value;
  box.focus();
});

form.addEventListener("change", ({ target }) => {
  if (target.name !== "assistant") return;
  form.querySelector("[data-assistant-name]").textContent = target.dataset.name;
});

let sent = "";
form.addEventListener("htmx:beforeRequest", () => {
  sent = box.value;
  announcer.textContent = announcer.dataset.working;
});
form.addEventListener("htmx:afterRequest", ({ detail }) => {
  if (!detail.successful) announcer.textContent = "";
  else if (box.value === sent) box.value = ""; // what was typed meanwhile stays
  fit();
  toEnd();
});

// A reader at the end is kept there while the answer grows; one who scrolled up is left alone.
const NEAR_PX = 160;
let following = true;

function toEnd() {
  scrollTo({ top: page.scrollHeight });
}
document.addEventListener("htmx:sseBeforeMessage", () => {
  following = innerHeight + scrollY >= page.scrollHeight - NEAR_PX;
});
document.addEventListener("htmx:sseMessage", () => following && toEnd());
document.addEventListener("htmx:sseClose", ({ detail, target }) => {
  if (detail.type !== "message") return; // removed, not finished
  const fault = target.querySelector(".answer__body > .notice");
  announcer.textContent = fault?.innerText ?? announcer.dataset.done;
});
if (document.querySelector(".turn")) toEnd();

setInterval(() => {
  for (const time of document.querySelectorAll("time[data-since]")) {
    const s = Math.max(0, Math.round((Date.now() - Date.parse(time.dataset.since)) / 1000));
    time.textContent = `${Math.floor(s / 60)}:${String(s % 60).padStart(2, "0")}`;
  }
}, 1000);

// The pictures of one answer, large. <dialog> itself does Escape, the focus trap and its return.
const viewer = document.getElementById("viewer");
const inViewer = (selector) => viewer.querySelector(selector);
const large = inViewer("img");
const count = inViewer(".viewer__count");
const previous = inViewer("[data-viewer=previous]");
const next = inViewer("[data-viewer=next]");
let pictures = [];
let at = 0;

function show(index) {
  at = (index + pictures.length) % pictures.length;
  const { dataset, firstElementChild: small } = pictures[at];
  for (const name of ["width", "height", "alt"]) large.setAttribute(name, small.getAttribute(name));
  large.src = inViewer("[download]").href = dataset.picture;
  inViewer(".picture__label").hidden = !dataset.label;
  for (const link of viewer.querySelectorAll("[data-download]")) link.href = `${dataset.picture}?download=${link.dataset.download}`;
  inViewer("figcaption").textContent = dataset.promptText;
  const isAlone = pictures.length < 2;
  previous.hidden = next.hidden = isAlone;
  const { many } = count.dataset;
  count.textContent = isAlone ? "" : many.replace("%n", at + 1).replace("%t", pictures.length);
}

// The answer's own form does it: it asks first, and its frame then says what became of it.
function askToDelete(picture) {
  viewer.close();
  picture.closest(".picture-frame").querySelector(".picture__delete").requestSubmit();
}

document.addEventListener("click", ({ target }) => {
  const button = target.closest("[data-picture]");
  if (!button) return;
  pictures = [...button.closest(".answer").querySelectorAll("[data-picture]")];
  show(pictures.indexOf(button));
  viewer.showModal();
});
viewer.addEventListener("click", ({ target }) => {
  const action = target.closest("[data-viewer]")?.dataset.viewer;
  if (action === "previous") show(at - 1);
  else if (action === "next") show(at + 1);
  else if (action === "delete") askToDelete(pictures[at]);
  else if (action === "close" || target.matches("dialog, figure, .viewer__bar")) viewer.close();
});
viewer.addEventListener("keydown", ({ key }) => {
  if (key === "ArrowLeft" && pictures.length > 1) show(at - 1);
  if (key === "ArrowRight" && pictures.length > 1) show(at + 1);
});
viewer.addEventListener("close", () => {
  large.removeAttribute("src"); // the next picture must not begin as this one
  document.getElementById(pictures[at].id)?.focus(); // the one that was looked at last
});
