// All runs: sorted, filtered, with the columns the reader wants; here runs are chosen.
const runTable = (() => {
  const { element } = page;
  const shown = new Set();
  let columns = [];
  let order = null; // the key of a column, and whether its largest value is first; null: by rank

  // value: what is sorted by; show: what is in the cell; down: largest first on the first click
  function listColumns() {
    const score = ({ key, title, greaterIsBetter }) => {
      const value = (run) => run.scores[key];
      const ranks = data.runs.some(({ metric }) => metric === key);
      return {
        key, title: page.capitalize(title), number: true, down: greaterIsBetter, value,
        ...(ranks ? { show: (run) => showInterval(run, key), class: "interval" } : { show: (run) => page.score(value(run)) }),
      };
    };
    const text = (key, title, value) => ({ key, title, value, show: (run) => value(run) ?? "–" });
    const setting = (key) => text(`set ${key}`, key, (run) => run.settings[key]);
    const leaderboards = ["public", "private"].filter((name) => data.runs.some((run) => name in run.leaderboard));
    const usual = [
      text("model", "Model", (run) => run.settings["model.name"] ?? run.settings.members),
      ...[...data.metrics].sort((one, other) => (other === ranking()) - (one === ranking())).map(score),
      { key: "folds", title: "Folds", number: true, down: ranking().greaterIsBetter, value: (run) => run.folds.mean, show: showFolds },
      { key: "seconds", title: "Time", number: true, down: false, value: (run) => run.seconds, show: (run) => page.duration(run.seconds) },
      text("submission", "Submission", (run) => run.submission),
      ...leaderboards.map((name) => ({
        key: `leaderboard ${name}`, title: `${page.capitalize(name)} score`, number: true, down: ranking().greaterIsBetter,
        value: (run) => run.leaderboard[name], show: (run) => page.score(run.leaderboard[name], 4),
      })),
      { ...text("seal", "Seal", (run) => run.seal), show: (run) => element("code", {}, run.seal.slice(0, 12) || "–") },
    ];
    usual.forEach((column) => { column.usual = true; });
    return [...usual, ...differences.list(data.runs).filter((key) => !["model.name", "members"].includes(key)).map(setting)];
  }

  const ranking = () => data.metricOf(choice.table);

  // the score, and its interval on a line as long as the range of the metric, or the highest score
  function showInterval({ scores: known, interval, metric }, key) {
    if (metric !== key || !interval) return page.score(known[key]);
    const [low, high] = interval;
    const highs = data.runs.filter((run) => run.metric === key && run.interval).map((run) => run.interval[1]);
    const range = data.metrics.find((one) => one.key === key).range;
    const from = range[0] ?? 0;
    const percent = (value) => `${((100 * (value - from)) / ((range[1] ?? Math.max(...highs, from + 0.001)) - from)).toFixed(1)}%`;
    return [
      page.score(known[key]), " ", element("small", {}, `${page.score(low)} to ${page.score(high)}`),
      element("span", { class: "range", "aria-hidden": "true" },
        element("i", { style: { left: percent(low), width: percent(high - low + from) } }),
        element("b", { style: { left: percent(known[key]) } })),
    ];
  }

  function showFolds({ folds }) {
    if (!folds.number) return "–";
    const spread = page.isNumber(folds.deviation) ? ` ± ${page.score(folds.deviation)}` : "";
    return [page.score(folds.mean) + spread, " ", element("small", {}, `of ${folds.number}`)];
  }

  const currentOrder = () => order ?? { key: ranking().key, down: ranking().greaterIsBetter };

  function drawHead() {
    const all = [{ key: "name", title: "Run" }, ...columns.filter((column) => shown.has(column.key))];
    page.fill(page.find("runs").tHead.rows[0], all.map((column) => {
      const { key, down } = currentOrder();
      const sorted = key === column.key;
      const mark = sorted ? (down ? " ▼" : " ▲") : "";
      return element("th", {
        scope: "col", class: column.number ? "number" : null,
        "aria-sort": sorted ? (down ? "descending" : "ascending") : null,
      }, element("button", { type: "button", "data-key": column.key, on: { click: () => sortBy(column) } },
        column.title, element("span", { "aria-hidden": "true" }, mark)));
    }));
  }

  function sortBy(column) {
    const { key, down } = currentOrder();
    order = { key: column.key, down: key === column.key ? !down : Boolean(column.down) };
    draw();
    page.find("runs").querySelector(`thead button[data-key="${CSS.escape(column.key)}"]`).focus();
  }

  function sorted(runs) {
    if (!order) return [...runs].sort((one, other) => data.runs[one].rank - data.runs[other].rank);
    const column = columns.find(({ key }) => key === order.key) ?? { value: (run) => run.name };
    const known = (run) => column.value(data.runs[run]) ?? null;
    return [...runs].sort((one, other) => {
      const [x, y] = [known(one), known(other)];
      if (x === null || y === null) return (x === null) - (y === null) || one - other; // unknown ones last
      const sign = typeof x === "number" ? x - y : String(x).localeCompare(String(y), "en", { numeric: true });
      return (order.down ? -sign : sign) || one - other;
    });
  }

  function matches(run, words) {
    const { name, settings, seal } = run;
    const text = [name, seal, ...Object.entries(settings).map(([key, value]) => `${key}=${value}`)].join("\n").toLowerCase();
    return words.every((word) => text.includes(word));
  }

  function drawRow(run) {
    const values = data.runs[run];
    const box = element("input", { type: "checkbox", "data-run": run, on: { change: (event) => choose(run, event.target) } });
    box.checked = choice.has(run);
    const cells = columns.filter(({ key }) => shown.has(key)).map((column) => element("td",
      { class: [column.number ? "number" : "", column.class ?? ""].join(" ").trim() || null }, column.show(values)));
    const name = element("label", {}, box, element("span", { title: values.name }, values.name),
      choice.has(run) ? choice.dot(run) : null);
    return element("tr", {}, element("th", { scope: "row" }, name), cells);
  }

  function choose(run, box) {
    const refusal = choice.toggle(run);
    if (refusal) {
      box.checked = false;
      page.find("chosen").append(element("span", { class: "wrong" }, refusal));
      return;
    }
    page.find("runs").querySelector(`input[data-run="${run}"]`)?.focus();
  }

  function describe(table) {
    if (table === null) return "Not trained to the end: curves only";
    const { name, classes, pictures, groups } = data.tables[table];
    const people = groups < pictures ? ` of ${groups.toLocaleString("en")} people` : "";
    return `${name}: ${page.count(pictures, "picture")}${people} in ${classes.length} classes. Runs under this line answered the same pictures.`;
  }

  function draw() {
    drawHead();
    const words = page.find("filter").value.toLowerCase().split(/\s+/).filter(Boolean);
    const kept = data.runs.map((_, run) => run).filter((run) => matches(data.runs[run], words));
    const width = 1 + columns.filter(({ key }) => shown.has(key)).length;
    const groups = [...data.tables.keys(), null];
    const bodies = groups.map((table) => {
      const own = sorted(kept.filter((run) => data.runs[run].table === table));
      if (!own.length) return null;
      const title = element("tr", { class: "group" }, element("th", { colspan: width, scope: "rowgroup" }, describe(table)));
      return element("tbody", {}, title, own.map(drawRow));
    });
    const table = page.find("runs");
    [...table.tBodies].forEach((body) => body.remove());
    table.append(...bodies.filter(Boolean));
    page.find("filter-count").textContent = `${kept.length} of ${page.count(data.runs.length, "run")}`;
  }

  function drawChosen() {
    const chips = choice.runs().map(choice.chip);
    page.fill(page.find("chosen"), element("span", { class: "muted" }, chips.length ? "Chosen:" : "No run is chosen."), chips);
  }

  function drawColumns() {
    const boxes = columns.map((column) => {
      const box = element("input", { type: "checkbox", on: { change: () => show(column.key, box.checked) } });
      box.checked = shown.has(column.key);
      return element("label", {}, box, column.title);
    });
    page.find("columns").querySelector("fieldset").append(...boxes);
    page.find("columns").addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      page.find("columns").open = false;
      page.find("columns").querySelector("summary").focus();
    });
  }

  function show(key, wanted) {
    if (wanted) shown.add(key);
    else shown.delete(key);
    theme.remember("columns", JSON.stringify([...shown]));
    draw();
  }

  function recallColumns() {
    let kept = null;
    try { kept = JSON.parse(theme.recall("columns")); } catch { /* not ours */ }
    const keys = Array.isArray(kept) ? kept : columns.filter(({ usual }) => usual).map(({ key }) => key);
    columns.filter(({ key }) => keys.includes(key)).forEach(({ key }) => shown.add(key));
  }

  function start() {
    columns = listColumns();
    recallColumns();
    page.find("runs").append(element("thead", {}, element("tr")));
    page.find("filter").addEventListener("input", draw);
    drawColumns();
    choice.onChange(() => { draw(); drawChosen(); });
    draw();
    drawChosen();
  }

  return { start };
})();
