// The admin: theme and copy. Loaded before the theme's own scripts, so that nothing flashes.

// One cookie says the theme of the whole product; what the admin's theme remembers is told by it.
const chosen = document.cookie.match(/(?:^|; )theme=(light|dark)/)?.[1] ?? "auto";
const prefersDark = matchMedia("(prefers-color-scheme: dark)");

function paint(theme) {
  const dark = theme === "dark" || (theme === "auto" && prefersDark.matches);
  document.documentElement.classList.toggle("dark", dark);
  document.documentElement.classList.toggle("light", !dark);
}

localStorage.setItem("adminTheme", JSON.stringify(chosen));
paint(chosen);

function chooseTheme(theme) {
  const secure = location.protocol === "https:" ? ";secure" : "";
  document.cookie = `theme=${theme};path=/;max-age=${365 * 24 * 3600};samesite=lax${secure}`;
  localStorage.setItem("adminTheme", JSON.stringify(theme));
  for (const button of document.querySelectorAll("[data-theme-choice]")) {
    button.setAttribute("aria-pressed", button.dataset.themeChoice === theme);
  }
  paint(theme);
}

async function copy(button) {
  const source = document.getElementById(button.dataset.copy);
  if (navigator.clipboard) {
    await navigator.clipboard.writeText(source.textContent.trim());
  } else {
    getSelection().selectAllChildren(source); // plain http in a local network has no clipboard
    document.execCommand("copy");
  }
  button.querySelector("span:last-child").textContent = button.dataset.copied;
}

document.addEventListener("click", ({ target }) => {
  const button = target.closest("[data-theme-choice], [data-copy]");
  if (button?.dataset.themeChoice) chooseTheme(button.dataset.themeChoice);
  else if (button) copy(button);
});

// Ctrl+E belongs to the browser; the theme would switch between dark and light with it.
addEventListener(
  "keydown",
  (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key === "e") event.stopImmediatePropagation();
  },
  true,
);

// An empty filter is none, also in the address.
document.addEventListener("submit", ({ target }) => {
  if (target.id !== "filters") return;
  for (const field of target.elements) field.disabled = field.name !== "" && field.value === "";
});

// A long navigation begins where one is.
document.addEventListener("DOMContentLoaded", () => {
  document.querySelector(".t-side [aria-current]")?.scrollIntoView({ block: "nearest" });
});
