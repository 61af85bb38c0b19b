"use strict";
// The leaderboard first; what needs plotly or the pictures once that stands on the screen.
(() => {
  const people = data.tables.length === 1 ? data.tables[0].name : `${data.tables.length} competitions`;
  page.find("summary").textContent = `${page.count(data.runs.length, "run")} · ${people}`;
  theme.bind(page.find("theme"));
  choice.start();
  leaderboard.start();
  differences.start();
  person.start();
  requestAnimationFrame(() => setTimeout(() => {
    charts.start();
    pair.start();
    board.start();
    gallery.start();
    document.documentElement.dataset.ready = "true";
  }));
})();
