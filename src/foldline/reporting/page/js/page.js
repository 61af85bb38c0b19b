// Elements and text. What comes from the data only ever becomes text, never markup.
const page = (() => {
  // attributes: `on` has listeners by event, `style` properties; all others are set as they are
  function element(tag, attributes = {}, ...children) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if ((value ?? false) === false) continue;
      if (name === "on") {
        for (const [event, listener] of Object.entries(value)) made.addEventListener(event, listener);
      } else if (name === "style") {
        for (const [property, setting] of Object.entries(value)) made.style.setProperty(property, setting);
      } else {
        made.setAttribute(name, value === true ? "" : value);
      }
    }
    fill(made, ...children);
    return made;
  }

  const find = (id) => document.getElementById(id);

  function fill(target, ...children) {
    target.replaceChildren(...children.flat().filter((child) => child !== null && child !== undefined));
  }

  // options: [value, text, disabled]; selects `value` if it is among them
  function fillSelect(select, options, value) {
    fill(select, options.map(([key, text, disabled]) => element("option", { value: key, disabled }, text)));
    const keys = options.map(([key]) => String(key));
    select.value = keys.includes(String(value)) ? value : keys[0] ?? "";
  }

  // head: a text or element for each column; rows: a header and cells, of class `align`
  function table(head, rows, align = "number") {
    const headers = head.map((text, column) => element("th", { scope: "col", class: column ? align : null }, text));
    const body = rows.map(([name, ...cells]) => element("tr", {},
      element("th", { scope: "row" }, name), cells.map((cell) => element("td", { class: align }, cell))));
    return element("table", {}, element("thead", {}, element("tr", {}, headers)), element("tbody", {}, body));
  }

  const capitalize = (text) => text[0].toUpperCase() + text.slice(1);
  const isNumber = (value) => typeof value === "number" && Number.isFinite(value);
  const score = (value, digits = 3) => (isNumber(value) ? value.toFixed(digits) : "–");
  const signed = (value, digits) => `${value > 0 ? "+" : value < 0 ? "−" : "±"}${Math.abs(value).toFixed(digits)}`;
  const count = (number, word) => `${number.toLocaleString("en")} ${word}${number === 1 ? "" : "s"}`;

  function duration(seconds) {
    if (!isNumber(seconds)) return "–";
    if (seconds < 100) return `${seconds.toFixed(0)} s`;
    const minutes = Math.round(seconds / 60);
    return minutes < 100 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")} min`;
  }

  const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  return { element, find, fill, fillSelect, table, capitalize, isNumber, score, signed, count, duration, color };
})();
