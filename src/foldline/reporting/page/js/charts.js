// Learning curves, the F1 of each class and the leaderboard, drawn by plotly; each also as text.
const charts = (() => {
  const DASHES = ["solid", "dash", "dot", "dashdot", "longdash", "longdashdot"];
  const PATTERNS = ["", "/", ".", "x", "\\", "-"];
  const SYMBOLS = { public: "circle", private: "diamond" };
  const CONFIG = { displayModeBar: false, responsive: true };
  // plotly interprets some HTML in its texts
  const plain = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

  function layout(changes) {
    const axis = { gridcolor: page.color("--line"), zeroline: false, linecolor: page.color("--line"), automargin: true };
    return {
      font: { family: getComputedStyle(document.body).fontFamily, size: 12, color: page.color("--text") },
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
      margin: { l: 50, r: 12, t: 8, b: 44 },
      hoverlabel: { bgcolor: page.color("--surface"), font: { color: page.color("--text") } },
      legend: { orientation: "h", y: 1.02, yanchor: "bottom", x: 0 },
      ...changes,
      xaxis: { ...axis, ...changes.xaxis }, yaxis: { ...axis, ...changes.yaxis },
    };
  }

  function drawCurves() {
    const { key, title } = data.series.find((one) => one.key === page.find("metric").value) ?? {};
    const runs = choice.runs().filter((run) => key in data.runs[run].curves);
    const target = page.find("curves-chart");
    if (!runs.length) return empty(target, page.find("curves-table"), "No chosen run has learning curves.");
    const traces = runs.flatMap((run) => drawRunCurves(run, data.runs[run].curves[key]));
    const epochs = Math.max(...traces.flatMap(({ x }) => x));
    target.setAttribute("aria-label", `Learning curves of ${runs.map((run) => data.runs[run].name).join(", ")}: ${title}`);
    Plotly.react(target, traces, layout({
      height: 380, hovermode: "closest",
      xaxis: { title: { text: "epoch" }, tick0: 1, dtick: Math.ceil(epochs / 12) }, yaxis: { title: { text: title } },
    }), CONFIG);
    return page.fill(page.find("curves-table"), tabulate(runs, key));
  }

  function drawRunCurves(run, { folds, mean }) {
    const { name } = data.runs[run];
    const color = choice.colorOf(run);
    const line = ({ x, y }, style) => ({ x, y, mode: x.length > 1 ? "lines" : "markers", legendgroup: String(run), ...style });
    const thin = Object.entries(folds).map(([fold, values]) => line(values, {
      name: plain(`${name}, fold ${fold}`), line: { color, width: 1 }, marker: { color, size: 4 }, opacity: 0.4, showlegend: false,
    }));
    return [...thin, line(mean, {
      name: plain(name), line: { color, width: 3, dash: DASHES[choice.slotOf(run)] }, marker: { color, size: 9 }, showlegend: true,
    })];
  }

  function tabulate(runs, key) {
    const means = runs.map((run) => data.runs[run].curves[key].mean);
    const epochs = [...new Set(means.flatMap(({ x }) => x))].sort((one, other) => one - other);
    const rows = epochs.map((epoch) => [String(Number(epoch.toFixed(2))), ...means.map(({ x, y }) => page.score(y[x.indexOf(epoch)], 4))]);
    return page.table(["Epoch", ...runs.map((run) => data.runs[run].name)], rows);
  }

  function drawClasses() {
    const runs = choice.answered();
    const target = page.find("classes-chart");
    if (!runs.length) return empty(target, page.find("classes-table"), "No chosen run has answers.");
    const { classes } = data.tables[choice.table];
    const figures = runs.map(scores.classF1);
    const traces = runs.map((run, at) => ({
      type: "bar", orientation: "h", name: plain(data.runs[run].name), x: figures[at], y: classes.map((_, of) => of),
      customdata: classes.map(plain), hovertemplate: "%{customdata}: %{x:.3f}",
      marker: { color: choice.colorOf(run), pattern: { shape: PATTERNS[choice.slotOf(run)], size: 5, solidity: 0.25, fillmode: "overlay", fgcolor: page.color("--surface") } },
    }));
    target.setAttribute("aria-label", `F1 of each class, of ${runs.map((run) => data.runs[run].name).join(", ")}`);
    const height = 90 + classes.length * (8 + 10 * runs.length);
    Plotly.react(target, traces, layout({
      height, barmode: "group", bargap: 0.3, margin: { l: 20, r: 16, t: 8, b: 40 }, showlegend: true,
      legend: { orientation: "h", y: 1, yanchor: "bottom", x: 0, traceorder: "normal" },
      xaxis: { range: [0, 1.005], title: { text: "F1" } },
      yaxis: { autorange: "reversed", tickmode: "array", tickvals: classes.map((_, of) => of), ticktext: classes.map(shorten) },
    }), CONFIG);
    const rows = classes.map((name, of) => [name, ...figures.map((figure) => page.score(figure[of]))]);
    return page.fill(page.find("classes-table"), page.table(["Class", ...runs.map((run) => data.runs[run].name)], rows));
  }

  const outOfFold = (run) => data.runs[run].leaderboard.out_of_fold;

  // scores on the leaderboard against those out of fold, of all runs of the table that is shown
  function drawLeaderboard() {
    const all = data.runs.map((_, run) => run).filter((run) => data.runs[run].table === choice.table && page.isNumber(outOfFold(run)));
    const traces = Object.keys(SYMBOLS).map((name) => drawScores(name, all)).filter(({ x }) => x.length);
    page.find("leaderboard").hidden = page.find("leaderboard-link").hidden = !traces.length;
    if (!traces.length) return;
    const target = page.find("leaderboard-chart");
    target.setAttribute("aria-label", traces.map(({ name, customdata, x, y }) =>
      `${name}: ${customdata.map((run, at) => `${run} ${x[at].toFixed(3)} out of fold, ${y[at].toFixed(3)}`).join("; ")}`).join(". "));
    const line = data.tables[choice.table].leaderboardLine;
    page.find("leaderboard-line").textContent = line
      ? `public = ${page.score(line.intercept)} + ${page.score(line.slope, 2)} × out of fold, give or take ${page.score(line.noise, 4)} (standard deviation, ${page.count(line.num_runs, "run")})`
      : "A line is drawn through three public scores or more.";
    if (line) {
      const ends = [Math.min(...all.map(outOfFold)), Math.max(...all.map(outOfFold))];
      traces.push({ name: "line", mode: "lines", x: ends, y: ends.map((x) => line.intercept + line.slope * x), line: { color: page.color("--muted"), width: 1, dash: "dot" }, hoverinfo: "skip" });
    }
    Plotly.react(target, traces, layout({
      height: 320, hovermode: "closest", showlegend: true,
      xaxis: { title: { text: `${data.metricOf(choice.table).title} out of fold` } }, yaxis: { title: { text: "leaderboard" } },
    }), CONFIG);
  }

  // a mark for each run, the chosen ones in their colours
  function drawScores(name, runs) {
    const known = runs.filter((run) => page.isNumber(data.runs[run].leaderboard[name]));
    return {
      name, mode: "markers", x: known.map(outOfFold), y: known.map((run) => data.runs[run].leaderboard[name]),
      customdata: known.map((run) => data.runs[run].name),
      text: known.map((run) => plain(data.runs[run].name)), hovertemplate: "%{text}: %{x:.4f}, %{y:.4f}",
      marker: { size: 10, symbol: SYMBOLS[name], color: known.map((run) => (choice.has(run) ? choice.colorOf(run) : page.color("--muted"))) },
    };
  }

  const shorten = (name) => plain(name.length > 26 ? `${name.slice(0, 25)}…` : name);

  function empty(target, table, words) {
    Plotly.purge(target);
    target.removeAttribute("aria-label");
    page.fill(target, page.element("p", { class: "muted" }, words));
    page.fill(table);
  }

  function draw() {
    for (const id of ["curves-chart", "classes-chart"]) page.find(id).querySelector(":scope > p")?.remove();
    drawCurves();
    drawClasses();
    drawLeaderboard();
  }

  function start() {
    page.fillSelect(page.find("metric"), data.series.map(({ key, title }) => [key, title]), data.metricOf(choice.table).key);
    page.find("metric").addEventListener("change", drawCurves);
    choice.onChange(draw);
    theme.onChange(draw);
    draw();
  }

  return { start };
})();
