// Light or dark: as the system is, or as the reader has chosen.
const theme = (() => {
  const ORDER = ["automatic", "light", "dark"];
  const system = matchMedia("(prefers-color-scheme: dark)");
  const listeners = [];
  let wanted = recall("theme");
  if (!ORDER.includes(wanted)) wanted = "automatic";

  // a browser may deny storage to pages opened from disk
  function recall(key) {
    try { return localStorage.getItem(`foldline.${key}`); } catch { return null; }
  }

  function remember(key, value) {
    try { localStorage.setItem(`foldline.${key}`, value); } catch { /* then only for now */ }
  }

  function apply() {
    const dark = wanted === "dark" || (wanted === "automatic" && system.matches);
    document.documentElement.dataset.theme = dark ? "dark" : "light";
    listeners.forEach((listener) => listener());
  }

  function bind(button) {
    const label = () => { button.textContent = `Theme: ${wanted}`; };
    button.addEventListener("click", () => {
      wanted = ORDER[(ORDER.indexOf(wanted) + 1) % ORDER.length];
      remember("theme", wanted);
      label();
      apply();
    });
    label();
  }

  system.addEventListener("change", apply);
  apply();
  return { bind, recall, remember, onChange: (listener) => listeners.push(listener) };
})();
