"use strict";
// What the page holds; large blocks are decoded when they are first asked for.
const data = (() => {
  const cache = new Map();

  function has(id) {
    return page.find(id) !== null;
  }

  function lazily(id, build) {
    if (!cache.has(id)) cache.set(id, build(JSON.parse(page.find(id).textContent)));
    return cache.get(id);
  }

  // as embed.py writes it: base64 of little-endian whole numbers
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

  const { runs, tables } = lazily("overview", (overview) => overview);

  // paths and groups as text; group, label and fold one number a row
  const rows = (table) => lazily(`rows-${table}`, (block) => ({
    ...block, group: decode(block.group), label: decode(block.label), fold: decode(block.fold),
  }));

  // predicted: class + 1, 0 where this run has not answered; confidence in 255ths
  const answers = (run) => lazily(`answers-${run}`, (block) => ({
    predicted: decode(block.predicted), confidence: decode(block.confidence),
  }));

  const strips = (table) => (has(`strips-${table}`)
    ? lazily(`strips-${table}`, (block) => ({ ...block, strip: decode(block.strip), slot: decode(block.slot) }))
    : null);

  // by row
  const maps = (run) => (has(`maps-${run}`)
    ? lazily(`maps-${run}`, (list) => new Map(list.map((one) => [one.row, { ...one, heat: decode(one.heat) }])))
    : new Map());

  const hasAnswers = (run) => runs[run].table !== null;

  return { runs, tables, rows, answers, strips, maps, hasAnswers };
})();
