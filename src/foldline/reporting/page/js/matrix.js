// One confusion matrix as a table of buttons: one tab stop, arrow keys inside.
const matrix = (() => {
  const { element } = page;

  // percent: a value for each cell, -100 to 100 for a `difference`; describe(row, column): the text
  // of a cell; choose(row, column): called for a pressed cell; report(text): for a focused one
  function draw({ name, classes, percent, difference, numbers, describe, choose, report }) {
    const size = classes.length;
    const head = classes.map((title) => element("th", { scope: "col", title }, element("span", {}, title)));
    const rows = classes.map((title, row) => element("tr", {},
      element("th", { scope: "row", title }, title),
      classes.map((_, column) => element("td", { class: row === column ? "diagonal" : null },
        cell(percent[row * size + column], row, column)))));

    function cell(value, row, column) {
      const description = describe(row, column);
      const share = Math.abs(value);
      const show = () => report(description);
      const text = numbers && share >= 0.5 ? (difference ? page.signed(value, 0) : value.toFixed(0)) : "";
      return element("button", {
        type: "button", tabindex: row || column ? -1 : 0, "aria-label": description, "data-at": row * size + column,
        class: share > 55 ? "strong" : null,
        style: { "--share": `${share.toFixed(1)}%`, ...(difference ? { "--tint": `var(--${value > 0 ? "more" : "less"})` } : {}) },
        on: { click: () => choose(row, column), focus: show, mouseenter: show },
      }, text);
    }

    const table = element("table", { class: "matrix", "aria-label": `Confusions: ${name}` },
      element("thead", {}, element("tr", {}, element("td"), head)), element("tbody", {}, rows));
    table.addEventListener("keydown", (event) => move(event, table, size));
    return table;
  }

  function move(event, table, size) {
    const at = Number(event.target.dataset.at);
    const [row, column] = [Math.floor(at / size), at % size];
    const steps = {
      ArrowUp: [row - 1, column], ArrowDown: [row + 1, column], ArrowLeft: [row, column - 1], ArrowRight: [row, column + 1],
      Home: [row, 0], End: [row, size - 1],
    };
    if (!(event.key in steps)) return;
    event.preventDefault();
    const [toRow, toColumn] = steps[event.key];
    if (Math.min(toRow, toColumn) < 0 || Math.max(toRow, toColumn) >= size) return;
    const target = table.querySelector(`[data-at="${toRow * size + toColumn}"]`);
    event.target.tabIndex = -1;
    target.tabIndex = 0;
    target.focus();
  }

  return { draw };
})();
