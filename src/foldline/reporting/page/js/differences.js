// Settings that differ between runs.
const differences = (() => {
  const unknown = "–";

  // sorted dotted keys whose values differ; what an average of runs does not set is no difference
  function list(runs) {
    const keys = [...new Set(runs.flatMap((run) => Object.keys(run.settings)))].sort();
    const having = (key) => runs.filter((run) => key in run.settings || !("members" in run.settings));
    return keys.filter((key) => key !== "run" && new Set(having(key).map((run) => run.settings[key] ?? unknown)).size > 1);
  }

  function draw() {
    const numbers = choice.runs();
    const runs = numbers.map((run) => data.runs[run]);
    const target = page.find("differences-body");
    const keys = list(runs);
    if (runs.length < 2) return page.fill(target, page.element("p", { class: "muted" }, "Choose two or more runs above."));
    if (!keys.length) return page.fill(target, page.element("p", {}, "These runs have the same settings."));
    const head = ["Setting", ...numbers.map(choice.chip)];
    const rows = keys.map((key) => [page.element("code", {}, key), ...runs.map((run) => run.settings[key] ?? unknown)]);
    return page.fill(target, page.table(head, rows, "wrap"));
  }

  function start() {
    choice.onChange(draw);
    draw();
  }

  return { start, list };
})();
