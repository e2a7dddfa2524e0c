// Runs before anything is drawn, so that a page which is to be dark does not flash white.
const chosen = localStorage.getItem("theme");
if (chosen === "light" || chosen === "dark") document.documentElement.style.colorScheme = chosen;
