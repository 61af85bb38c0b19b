// Two runs on the same pictures: the verdict, both confusion matrices and their difference.
const pair = (() => {
  const { element } = page;

  function drawSelects() {
    const options = choice.answered().map((run) => [run, data.runs[run].name]);
    page.fillSelect(page.find("run-a"), options, choice.a);
    page.fillSelect(page.find("run-b"), options, choice.b);
    page.find("run-b").disabled = options.length < 2;
  }

  function drawVerdict() {
    const target = page.find("verdict");
    const { a, b } = choice;
    if (a === null || b === null) return page.fill(target, element("p", { class: "muted" }, "Choose two runs above to compare them."));
    const found = data.tables[choice.table].pairs.find(({ first, second }) =>
      (first === a && second === b) || (first === b && second === a));
    if (!found) return page.fill(target, element("p", { class: "muted" }, "These two have answered no picture in common."));
    const [first, second] = [found.first, found.second].map((run) => data.runs[run].name);
    const figures = `${page.signed(found.difference, 3)} (95 % by person ${page.signed(found.low, 3)} to ${page.signed(found.high, 3)})`;
    return page.fill(target,
      element("p", {}, `${page.capitalize(data.metricOf(choice.table).title)} of `, element("b", {}, first), " minus ", element("b", {}, second), ": ", figures,
        element("br"), element("strong", {}, `Verdict on ${first}: ${found.verdict}`)),
      drawInterval(found));
  }

  // a line from low to high, a dot at the difference, a tick at none; the text beside it has the numbers
  function drawInterval({ difference, low, high }) {
    const reach = 1.15 * Math.max(Math.abs(low), Math.abs(high), 0.01);
    const x = (value) => 200 + (200 * value) / reach;
    const shape = (tag, attributes) => {
      const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
      Object.entries(attributes).forEach(([name, value]) => made.setAttribute(name, value));
      return made;
    };
    const drawing = shape("svg", { viewBox: "0 0 400 44", "aria-hidden": "true" });
    const zero = shape("text", { x: 200, y: 43, "text-anchor": "middle", fill: "var(--muted)", "font-size": 11 });
    zero.textContent = "no difference";
    drawing.append(
      shape("line", { x1: 0, x2: 400, y1: 16, y2: 16, stroke: "var(--line)" }),
      shape("line", { x1: 200, x2: 200, y1: 4, y2: 30, stroke: "var(--muted)" }),
      shape("line", { x1: x(low), x2: x(high), y1: 16, y2: 16, stroke: "var(--accent)", "stroke-width": 5, "stroke-linecap": "round", opacity: 0.45 }),
      shape("circle", { cx: x(difference), cy: 16, r: 6, fill: "var(--accent)" }), zero);
    return drawing;
  }

  function drawMatrices() {
    const target = page.find("matrices");
    const runs = [choice.a, choice.b].filter((run) => run !== null);
    page.find("cell").textContent = runs.length ? "Point at a cell, or go to it by keyboard, to read it here." : "";
    if (!runs.length) return page.fill(target);
    const { classes } = data.tables[choice.table];
    const numbers = page.find("numbers").checked;
    const cell = numbers ? 30 : Math.max(15, Math.min(34, Math.floor(270 / classes.length)));
    target.style.setProperty("--cell", `${cell}px`);
    target.style.setProperty("--matrix-width", `${142 + cell * classes.length}px`);
    const shown = runs.map((run) => ({ run, counts: scores.confusions(run), percent: scores.rowPercent(scores.confusions(run), classes.length) }));
    const common = { classes, numbers, report: (words) => { page.find("cell").textContent = words; } };
    const figures = shown.map(({ run, counts, percent }) => figure([choice.dot(run), ` ${data.runs[run].name}`], matrix.draw({
      ...common, percent, name: data.runs[run].name,
      describe: (row, column) => describe(classes, row, column, [{ run, counts, percent }]),
      choose: (row, column) => gallery.showConfusion(run, row, column),
    })));
    if (shown.length > 1) figures.push(drawDifference(shown, common));
    return page.fill(target, figures);
  }

  function drawDifference([a, b], common) {
    const percent = a.percent.map((value, at) => b.percent[at] - value);
    const names = [a, b].map(({ run }) => data.runs[run].name);
    return figure(["Difference: ", element("span", { style: { color: "var(--more)" } }, "more"), " or ",
      element("span", { style: { color: "var(--less)" } }, "fewer"), ` by ${names[1]}`], matrix.draw({
      ...common, percent, difference: true, name: `${names[1]} minus ${names[0]}`,
      describe: (row, column) => describe(common.classes, row, column, [a, b]),
      choose: (row, column) => gallery.showConfusion(b.run, row, column),
    }));
  }

  function figure(caption, table) {
    const title = element("figcaption", { class: "chip" }, caption);
    return element("figure", {}, title, element("div", { class: "scroll" }, table));
  }

  function describe(classes, row, column, shown) {
    const size = classes.length;
    const parts = shown.map(({ run, counts, percent }) => {
      const total = scores.rowTotal(counts, size, row);
      return `${data.runs[run].name} ${counts[row * size + column]} of ${total} (${percent[row * size + column].toFixed(1)} %)`;
    });
    if (shown.length > 1) {
      const change = shown[1].percent[row * size + column] - shown[0].percent[row * size + column];
      parts.push(`difference ${page.signed(change, 1)} points`);
    }
    const what = row === column ? `${classes[row]} answered rightly` : `${classes[row]} answered as ${classes[column]}`;
    return `${what}: ${parts.join(", ")}`;
  }

  function draw() {
    drawSelects();
    drawVerdict();
    drawMatrices();
  }

  function start() {
    const value = (id) => Number(page.find(id).value);
    page.find("run-a").addEventListener("change", () => choice.compare(value("run-a"), choice.b === value("run-a") ? choice.a : choice.b));
    page.find("run-b").addEventListener("change", () => choice.compare(choice.a === value("run-b") ? choice.b : choice.a, value("run-b")));
    page.find("numbers").addEventListener("change", drawMatrices);
    choice.onChange(draw);
    draw();
  }

  return { start };
})();
