// The runs that are shown. All that have answers are of one table; `a` and `b` are compared.
const choice = (() => {
  const MOST = 6;
  // after Okabe and Ito, distinct to colour-blind readers; lines and bars differ in pattern as well
  const COLORS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"];
  const listeners = [];
  const slots = new Map(); // run to colour
  let table = data.tables.length ? 0 : null;
  let a = null;
  let b = null;

  const byRank = (one, other) => data.runs[one].rank - data.runs[other].rank;
  const runs = () => [...slots.keys()].sort(byRank);
  const answered = () => runs().filter(data.hasAnswers);

  function place(run) {
    const taken = new Set(slots.values());
    slots.set(run, COLORS.findIndex((_, slot) => !taken.has(slot)));
  }

  function start() {
    const all = data.runs.map((_, run) => run).filter((run) => data.runs[run].table === table).sort(byRank);
    all.slice(0, 2).forEach(place);
    settlePair();
  }

  // returns why it cannot be chosen, or nothing
  function toggle(run) {
    if (slots.has(run)) {
      slots.delete(run);
    } else {
      const other = data.runs[run].table;
      if (other !== null && other !== table) {
        slots.clear();
        table = other;
      }
      if (slots.size >= MOST) return `No more than ${MOST} runs can be shown at once.`;
      place(run);
    }
    settlePair();
    notify();
    return "";
  }

  function settlePair() {
    const there = answered();
    if (!there.includes(a)) a = there.find((run) => run !== b) ?? null;
    if (!there.includes(b) || b === a) b = there.find((run) => run !== a) ?? null;
  }

  function compare(first, second) {
    if (first === second) [first, second] = [b, a];
    [a, b] = [first, second];
    notify();
  }

  const notify = () => listeners.forEach((listener) => listener());
  const colorOf = (run) => COLORS[slots.get(run)];
  const slotOf = (run) => slots.get(run);
  const dot = (run) => page.element("span", { class: "dot", style: { background: colorOf(run) }, "aria-hidden": "true" });
  const chip = (run) => page.element("span", { class: "chip" }, dot(run), data.runs[run].name);

  return {
    start, toggle, compare, runs, answered, colorOf, slotOf, dot, chip,
    has: (run) => slots.has(run),
    get table() { return table; },
    get a() { return a; },
    get b() { return b; },
    onChange: (listener) => listeners.push(listener),
  };
})();
