// What every page needs. Everything works by delegation, so swapped fragments need no set-up.
const $ = (id) => document.getElementById(id);

// Theme: a cookie, not local storage, so the server writes <html data-theme> and no page flashes.
const YEAR_S = 365 * 24 * 3600;

function chooseTheme(theme) {
  const secure = location.protocol === "https:" ? ";secure" : "";
  document.cookie = `theme=${theme};path=/;max-age=${YEAR_S};samesite=lax${secure}`;
  document.documentElement.dataset.theme = theme;
  for (const button of document.querySelectorAll("[data-theme-choice]")) {
    button.setAttribute("aria-pressed", button.dataset.themeChoice === theme);
  }
}

// Toasts: tale.css times them (animation "linger", paused by hover and focus); errors stay.
const toasts = $("toasts");

toasts.addEventListener("animationend", ({ animationName, target }) => {
  if (animationName === "linger") target.remove();
});

function sayOffline() {
  if (toasts.querySelector('[data-error-code="network"]')) return;
  toasts.append($("offline").content.cloneNode(true));
}
document.addEventListener("htmx:sendError", sayOffline);
document.addEventListener("htmx:timeout", sayOffline);
document.addEventListener("htmx:responseError", ({ detail }) => {
  // Our own refusals carry a code and are swapped in as toasts; a proxy's page does not.
  if (!detail.xhr.getResponseHeader("X-Error-Code")) sayOffline();
});

// A form that came back opens at what is wrong with it.
document.querySelector("main [aria-invalid=true]")?.focus();

function reveal(button) {
  const input = $(button.dataset.reveal);
  const shown = input.type === "password";
  input.type = shown ? "text" : "password";
  button.setAttribute("aria-pressed", shown);
}

async function copy(button) {
  const source = $(button.dataset.copy);
  if (navigator.clipboard) {
    await navigator.clipboard.writeText(source.textContent.trim());
  } else {
    getSelection().selectAllChildren(source); // plain http in a local network has no clipboard
    document.execCommand("copy");
  }
  const icon = button.querySelector("use");
  icon.setAttribute("href", icon.getAttribute("href").replace(/#.*/, "#check"));
  const label = button.querySelector("span");
  if (label) label.textContent = button.dataset.copied;
}

document.addEventListener("click", ({ target }) => {
  const button = target.closest("[data-theme-choice], [data-dismiss], [data-reveal], [data-copy]");
  if (!button) return;
  if (button.dataset.themeChoice) chooseTheme(button.dataset.themeChoice);
  else if (button.dataset.reveal) reveal(button);
  else if (button.dataset.copy) copy(button);
  else button.closest(".toast").remove();
});

// data-confirm on a form, or on the button that sends it.
const dialog = $("confirm");
const yes = dialog.querySelector("[value=yes]");
let confirmed = null;

function ask(element) {
  $("confirm-text").textContent = element.dataset.confirm;
  yes.textContent = element.dataset.confirmYes ?? yes.dataset.yes;
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}

async function confirmFirst(event) {
  const { target: form, submitter } = event;
  const element = submitter?.dataset.confirm ? submitter : form;
  if (!element.dataset.confirm || confirmed === element) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  if (!(await ask(element))) return;
  confirmed = element;
  form.requestSubmit(submitter);
  confirmed = null;
}
document.addEventListener("submit", confirmFirst, true); // before htmx hears of it
