// Scores computed from answers.
const scores = (() => {
  const cache = new Map();

  // counts[true * classes + answered] of a run
  function confusions(run) {
    if (!cache.has(run)) {
      const { table } = data.runs[run];
      const size = data.tables[table].classes.length;
      const { label } = data.rows(table);
      const { predicted } = data.answers(run);
      const counts = new Uint32Array(size * size);
      for (let row = 0; row < label.length; row += 1) {
        if (predicted[row]) counts[label[row] * size + predicted[row] - 1] += 1;
      }
      cache.set(run, counts);
    }
    return cache.get(run);
  }

  // of each class; 0 for one without pictures and answers, as in the average over classes
  function classF1(run) {
    const size = data.tables[data.runs[run].table].classes.length;
    const counts = confusions(run);
    return Array.from({ length: size }, (_, of) => {
      let involved = 0;
      for (let other = 0; other < size; other += 1) involved += counts[of * size + other] + counts[other * size + of];
      return involved ? (2 * counts[of * size + of]) / involved : 0;
    });
  }

  // percent of each row, 0 for an empty one
  function rowPercent(counts, size) {
    return Float64Array.from(counts, (value, at) => {
      const total = rowTotal(counts, size, Math.floor(at / size));
      return total ? (100 * value) / total : 0;
    });
  }

  const rowTotal = (counts, size, row) => counts.subarray(row * size, (row + 1) * size).reduce((sum, one) => sum + one, 0);

  return { confusions, classF1, rowPercent, rowTotal };
})();
