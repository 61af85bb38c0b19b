// The runs first; what needs plotly or the pictures once they are on the screen.
(() => {
  const competition = data.tables.length === 1 ? data.tables[0].name : `${data.tables.length} competitions`;
  page.find("summary").textContent = `${page.count(data.runs.length, "run")} · ${competition}`;
  theme.bind(page.find("theme"));
  choice.start();
  runTable.start();
  differences.start();
  person.start();
  requestAnimationFrame(() => setTimeout(() => {
    charts.start();
    pair.start();
    gallery.start();
    document.documentElement.dataset.ready = "true";
  }));
})();
