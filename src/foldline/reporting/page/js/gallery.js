// Out-of-fold pictures of one run: filtered, the most confident mistakes first.
const gallery = (() => {
  const { element } = page;
  const PAGE = 60; // pictures drawn at a time
  const ANY = "";
  const fields = {};
  let found = [];
  let drawn = 0;

  function buildControls() {
    const add = (name, title, control) => {
      fields[name] = control;
      control.id = `gallery-${name}`;
      return element("label", {}, title, control);
    };
    const number = (value) => element("input", { type: "number", min: 0, max: 100, value, inputmode: "numeric" });
    fields.maps = element("input", { type: "checkbox", id: "gallery-maps" });
    fields.mapsLabel = element("label", { class: "check" }, fields.maps, " ", element("span"));
    page.find("gallery-controls").append(
      add("run", "Run", element("select")),
      add("show", "Show", element("select")),
      add("true", "True class", element("select")),
      add("answered", "Answered", element("select")),
      add("person", "Person or file", element("input", { type: "search", autocomplete: "off" })),
      add("from", "Confidence from, %", number(0)),
      add("to", "to, %", number(100)),
      fields.mapsLabel,
      element("button", { type: "reset" }, "Reset"));
    page.fillSelect(fields.show, [["mistakes", "mistakes"], ["right", "right answers"], ["all", "all"]], "mistakes");
  }

  function settle() {
    const runs = choice.answered();
    page.fillSelect(fields.run, runs.map((run) => [run, data.runs[run].name]), fields.run.value);
    const classes = choice.table === null ? [] : data.tables[choice.table].classes;
    const options = [[ANY, "any"], ...classes.map((name, of) => [of, name])];
    page.fillSelect(fields.true, options, fields.true.value);
    page.fillSelect(fields.answered, options, fields.answered.value);
    search();
  }

  const currentRun = () => (fields.run.value === "" ? null : Number(fields.run.value));

  // rows of the current run that pass every filter: the most confident mistakes first, the most confident right answers last
  function search() {
    const run = currentRun();
    found = run === null ? [] : sort(filter(run), run);
    settleMaps(run);
    draw();
  }

  function filter(run) {
    const rows = data.rows(choice.table);
    const { predicted, confidence } = data.answers(run);
    const words = fields.person.value.toLowerCase();
    const [from, to] = [bound(fields.from, 0), bound(fields.to, 100)];
    const wanted = (select, of) => select.value === ANY || Number(select.value) === of;
    return [...rows.paths.keys()].filter((row) => {
      if (!predicted[row]) return false;
      const right = predicted[row] - 1 === rows.label[row];
      const sure = Math.round((100 * confidence[row]) / 255);
      return (fields.show.value === "all" || (fields.show.value === "right") === right)
        && wanted(fields.true, rows.label[row]) && wanted(fields.answered, predicted[row] - 1)
        && sure >= from && sure <= to
        && (!words || rows.groups[rows.group[row]].toLowerCase().includes(words) || rows.paths[row].toLowerCase().includes(words));
    });
  }

  const bound = (input, otherwise) => (input.value === "" ? otherwise : Number(input.value));

  function sort(rows, run) {
    const { label } = data.rows(choice.table);
    const { predicted, confidence } = data.answers(run);
    const rank = (row) => (predicted[row] - 1 === label[row] ? 255 + confidence[row] : -confidence[row]);
    return rows.sort((one, other) => rank(one) - rank(other) || one - other);
  }

  function settleMaps(run) {
    const { size } = run === null ? new Map() : data.maps(run);
    fields.mapsLabel.hidden = !size;
    fields.mapsLabel.style.display = size ? "" : "none";
    fields.mapsLabel.querySelector("span").textContent = `Where the network looked (${size} most confident mistakes)`;
  }

  function draw() {
    drawn = 0;
    page.fill(page.find("cards"));
    const what = { mistakes: "mistake", right: "right answer", all: "picture" }[fields.show.value];
    const note = choice.table === null ? "" : data.tables[choice.table].note;
    page.find("gallery-count").textContent = `${page.count(found.length, what)}${note ? `. The page holds ${note}.` : ""}`;
    drawMore();
  }

  function drawMore() {
    const run = currentRun();
    const next = found.slice(drawn, drawn + PAGE);
    page.find("cards").append(...next.map((row) => element("li", {}, drawCard(run, row))));
    drawn += next.length;
    page.find("more").hidden = drawn >= found.length;
  }

  function drawCard(run, row) {
    const { table } = data.runs[run];
    const { classes } = data.tables[table];
    const { label, group, groups, paths } = data.rows(table);
    const { predicted, confidence } = data.answers(run);
    const answered = predicted[row] - 1;
    const right = answered === label[row];
    const map = fields.maps.checked ? data.maps(run).get(row) : null;
    return element("button", {
      type: "button", "aria-haspopup": "dialog",
      on: { click: () => person.open(table, row, fields.maps.checked ? run : null) },
    },
    pictures.draw(table, row, paths[row], map),
    element("span", { class: `words ${right ? "right" : "wrong"}` }, `${right ? "✓" : "✗"} ${classes[answered]}`),
    right ? null : element("span", { class: "words" }, `is ${classes[label[row]]}`),
    element("span", { class: "words" }, `${person.percent(confidence[row])} sure`),
    element("span", { class: "words muted" }, groups[group[row]]));
  }

  // called by a cell of a confusion matrix
  function showConfusion(run, trueClass, answered) {
    page.find("gallery-controls").reset();
    Object.assign(fields.run, { value: run });
    fields.show.value = "all";
    fields.true.value = trueClass;
    fields.answered.value = answered;
    search();
    page.find("gallery-title").focus({ preventScroll: true });
    page.find("gallery").scrollIntoView();
  }

  function start() {
    buildControls();
    const form = page.find("gallery-controls");
    form.addEventListener("input", search);
    form.addEventListener("reset", () => setTimeout(settle)); // once the fields are empty
    form.addEventListener("submit", (event) => event.preventDefault());
    page.find("more").addEventListener("click", () => {
      const first = drawn;
      drawMore();
      page.find("cards").children[first]?.querySelector("button").focus();
    });
    choice.onChange(settle);
    settle();
  }

  return { start, showConfusion };
})();
