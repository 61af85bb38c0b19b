"use strict";
// All runs: sorted, filtered, with the columns the reader wants; here runs are chosen.
const leaderboard = (() => {
  const { element } = page;
  const shown = new Set();
  let columns = [];
  let order = { key: "macro_f1", down: true };

  // value: what is sorted by; show: what stands in the cell; down: the larger is the better
  function listColumns() {
    const figure = (key, title, show, extra = {}) => ({
      key, title, number: true, down: true, value: (run) => run.scores[key], show: (run) => show(run.scores[key]), ...extra,
    });
    const text = (key, title, value) => ({ key, title, value, show: (run) => value(run) ?? "–" });
    const setting = (key) => text(`set ${key}`, key, (run) => run.settings[key]);
    const boards = ["public", "private"].filter((board) => data.runs.some((run) => board in run.leaderboard));
    const usual = [
      text("model", "Model", (run) => run.settings["model.name"]),
      figure("macro_f1", "Macro-F1", null, { show: interval, class: "interval" }),
      figure("accuracy", "Accuracy", page.score),
      figure("log_loss", "Log loss", page.score, { down: false }),
      figure("fold_mean", "Folds", null, { show: folds }),
      figure("seconds", "Time", page.duration, { down: false }),
      text("submission", "Submission", (run) => run.submission),
      ...boards.map((board) => ({
        key: `board ${board}`, title: `${board[0].toUpperCase()}${board.slice(1)} board`, number: true, down: true,
        value: (run) => run.leaderboard[board], show: (run) => page.score(run.leaderboard[board], 4),
      })),
      { ...text("seal", "Seal", (run) => run.seal), show: (run) => element("code", {}, run.seal.slice(0, 12) || "–") },
    ];
    usual.forEach((column) => { column.usual = true; });
    return [...usual, ...differences.list(data.runs).filter((key) => key !== "model.name").map(setting)];
  }

  function interval({ scores: { macro_f1: score, low, high } }) {
    if (!page.isNumber(score)) return "–";
    const known = page.isNumber(low) && page.isNumber(high);
    if (!known) return page.score(score);
    const percent = (value) => `${(100 * value).toFixed(1)}%`;
    return [
      page.score(score), " ", element("small", {}, `${page.score(low)} to ${page.score(high)}`),
      element("span", { class: "range", "aria-hidden": "true" },
        element("i", { style: { left: percent(low), width: percent(high - low) } }),
        element("b", { style: { left: percent(score) } })),
    ];
  }

  function folds({ scores: known }) {
    if (!page.isNumber(known.fold_mean)) return "–";
    const spread = page.isNumber(known.fold_sd) ? ` ± ${page.score(known.fold_sd)}` : "";
    return [page.score(known.fold_mean) + spread, " ", element("small", {}, `of ${known.folds}`)];
  }

  function drawHead() {
    const all = [{ key: "name", title: "Run" }, ...columns.filter((column) => shown.has(column.key))];
    page.fill(page.find("runs").tHead.rows[0], all.map((column) => {
      const sorted = order.key === column.key;
      const mark = sorted ? (order.down ? " ▼" : " ▲") : "";
      return element("th", {
        scope: "col", class: column.number ? "number" : null,
        "aria-sort": sorted ? (order.down ? "descending" : "ascending") : null,
      }, element("button", { type: "button", "data-key": column.key, on: { click: () => sortBy(column) } },
        column.title, element("span", { "aria-hidden": "true" }, mark)));
    }));
  }

  function sortBy(column) {
    order = { key: column.key, down: order.key === column.key ? !order.down : Boolean(column.down) };
    draw();
    page.find("runs").querySelector(`thead button[data-key="${CSS.escape(column.key)}"]`).focus();
  }

  function sorted(runs) {
    const column = columns.find(({ key }) => key === order.key) ?? { value: (run) => run.name };
    const known = (run) => column.value(data.runs[run]) ?? null;
    return [...runs].sort((one, other) => {
      const [x, y] = [known(one), known(other)];
      if (x === null || y === null) return (x === null) - (y === null) || one - other; // unknown ones last
      const way = typeof x === "number" ? x - y : String(x).localeCompare(String(y), "en", { numeric: true });
      return (order.down ? -way : way) || one - other;
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
    const chips = choice.runs().map((run) => element("span", { class: "chip" }, choice.dot(run), data.runs[run].name));
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
