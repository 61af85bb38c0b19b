// The data of the page; large blocks are decoded when they are first needed.
const data = (() => {
  const cache = new Map();

  function lazily(id, build) {
    if (!cache.has(id)) cache.set(id, build(JSON.parse(page.find(id).textContent)));
    return cache.get(id);
  }

  // encoded by embed.py: base64 of little-endian whole numbers
  function decode({ bytes, base64 }) {
    const text = atob(base64);
    const raw = Uint8Array.from(text, (letter) => letter.charCodeAt(0));
    if (bytes === 1) return raw;
    const view = new DataView(raw.buffer);
    const values = new Uint32Array(raw.length / bytes);
    for (let at = 0; at < values.length; at += 1) {
      values[at] = bytes === 2 ? view.getUint16(2 * at, true) : view.getUint32(4 * at, true);
    }
    return values;
  }

  const { metrics, series, runs, tables } = lazily("overview", (overview) => overview);

  // the metric that ranks the runs of a table, or of the first one
  function metricOf(table) {
    const key = (tables[table ?? 0] ?? runs[0]).metric;
    return metrics.find((metric) => metric.key === key);
  }

  // paths and groups as text; group, label and fold as a number for each row
  const rows = (table) => lazily(`rows-${table}`, (block) => ({
    ...block, group: decode(block.group), label: decode(block.label), fold: decode(block.fold),
  }));

  // predicted: class + 1, 0 where this run has not answered; confidence in 255ths
  const answers = (run) => lazily(`answers-${run}`, (block) => ({
    predicted: decode(block.predicted), confidence: decode(block.confidence),
  }));

  const strips = (table) => (page.find(`strips-${table}`)
    ? lazily(`strips-${table}`, (block) => ({ ...block, strip: decode(block.strip), slot: decode(block.slot) }))
    : null);

  // heat maps by row
  const maps = (run) => (page.find(`maps-${run}`)
    ? lazily(`maps-${run}`, (list) => new Map(list.map((one) => [one.row, { ...one, heat: decode(one.heat) }])))
    : new Map());

  const hasAnswers = (run) => runs[run].table !== null;

  return { metrics, series, runs, tables, metricOf, rows, answers, strips, maps, hasAnswers };
})();
