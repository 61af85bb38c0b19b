"use strict";
// Scores on the leaderboard against those out of fold, of all runs of the table that is shown.
const leaderboard = (() => {
  const SYMBOLS = { public: "circle", private: "diamond" };

  function drawLine(line) {
    const text = line
      ? `public = ${page.score(line.intercept)} + ${page.score(line.slope, 2)} × out of fold, give or take ${page.score(line.noise, 4)} (standard deviation, ${page.count(line.num_runs, "run")})`
      : "A line is drawn through three public scores or more.";
    page.find("leaderboard-line").textContent = text;
  }

  // one mark a run, the chosen ones in their colours
  function trace(name, runs) {
    const known = runs.filter((run) => page.isNumber(data.runs[run].leaderboard[name]));
    return {
      name, mode: "markers", x: known.map(outOfFold), y: known.map((run) => data.runs[run].leaderboard[name]),
      customdata: known.map((run) => data.runs[run].name),
      text: known.map((run) => charts.plain(data.runs[run].name)), hovertemplate: "%{text}: %{x:.4f}, %{y:.4f}",
      marker: {
        size: 10, symbol: SYMBOLS[name],
        color: known.map((run) => (choice.has(run) ? choice.colorOf(run) : page.color("--muted"))),
      },
    };
  }

  const outOfFold = (run) => data.runs[run].leaderboard.out_of_fold;

  function draw() {
    const all = data.runs.map((_, run) => run).filter((run) => data.runs[run].table === choice.table && page.isNumber(outOfFold(run)));
    const traces = Object.keys(SYMBOLS).map((name) => trace(name, all)).filter(({ x }) => x.length);
    page.find("leaderboard").hidden = page.find("leaderboard-link").hidden = !traces.length;
    if (!traces.length) return;
    const line = data.tables[choice.table].leaderboardLine;
    drawLine(line);
    if (line) {
      const ends = [Math.min(...all.map(outOfFold)), Math.max(...all.map(outOfFold))];
      traces.push({ name: "line", mode: "lines", x: ends, y: ends.map((x) => line.intercept + line.slope * x), line: { color: page.color("--muted"), width: 1, dash: "dot" }, hoverinfo: "skip" });
    }
    const described = traces.slice(0, line ? -1 : undefined).map(({ name, customdata, x, y }) =>
      `${name}: ${customdata.map((run, at) => `${run} ${x[at].toFixed(3)} out of fold, ${y[at].toFixed(3)}`).join("; ")}`);
    page.find("leaderboard-chart").setAttribute("aria-label", described.join(". "));
    Plotly.react(page.find("leaderboard-chart"), traces, charts.layout({
      height: 320, hovermode: "closest", showlegend: true,
      xaxis: { title: { text: `${data.metricOf(choice.table).title} out of fold` } }, yaxis: { title: { text: "leaderboard" } },
    }), charts.CONFIG);
  }

  function start() {
    choice.onChange(draw);
    theme.onChange(draw);
    draw();
  }

  return { start };
})();
