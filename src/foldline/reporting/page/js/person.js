// All pictures of one person side by side, with what each chosen run answered.
const person = (() => {
  const { element } = page;
  const dialog = () => page.find("person");

  function open(table, row, mapsOf) {
    const rows = data.rows(table);
    const group = rows.group[row];
    const own = [...rows.paths.keys()].filter((other) => rows.group[other] === group);
    page.find("person-title").textContent = `${rows.groups[group]}: ${page.count(own.length, "picture")}`;
    const maps = mapsOf === null ? new Map() : data.maps(mapsOf);
    page.fill(page.find("person-body"), element("div", { class: "people" },
      own.map((one) => drawOne(table, one, one === row, maps.get(one)))));
    dialog().showModal();
  }

  function drawOne(table, row, asked, map) {
    const { classes } = data.tables[table];
    const { label, paths, fold } = data.rows(table);
    const file = paths[row].split("/").at(-1);
    const answers = choice.answered().map((run) => {
      const { predicted, confidence } = data.answers(run);
      if (!predicted[row]) return null;
      const right = predicted[row] - 1 === label[row];
      return element("span", { class: right ? "right" : "wrong" }, choice.dot(run),
        ` ${data.runs[run].name}: ${right ? "right" : `✗ ${classes[predicted[row] - 1]}`}, ${percent(confidence[row])}`);
    });
    return element("figure", { class: asked ? "asked" : null },
      pictures.draw(table, row, paths[row], map),
      element("figcaption", {}, element("span", { title: paths[row] }, file),
        element("span", {}, element("b", {}, classes[label[row]])),
        element("span", { class: "muted" }, `fold ${fold[row]}`), answers));
  }

  const percent = (confidence) => `${((100 * confidence) / 255).toFixed(0)} %`;

  function start() {
    page.find("close").addEventListener("click", () => dialog().close());
    dialog().addEventListener("click", (event) => { if (event.target === dialog()) dialog().close(); });
  }

  return { start, open, percent };
})();
