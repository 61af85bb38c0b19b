// Small pictures from their strips, overlaid with where a network looked.
const pictures = (() => {
  const { element } = page;
  const addresses = new Map(); // of the decoded file, by strip

  function address(table, strip, base64) {
    const key = `${table} ${strip}`;
    if (!addresses.has(key)) {
      const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
      addresses.set(key, URL.createObjectURL(new Blob([bytes], { type: "image/webp" })));
    }
    return addresses.get(key);
  }

  // `map`: where a network looked in this picture, if known
  function draw(table, row, words, map) {
    const block = data.strips(table);
    const strip = block ? block.strip[row] : 0;
    if (!strip) return element("span", { class: "picture none", role: "img", "aria-label": words }, "not in this page");
    const [height, width] = data.tables[table].cell;
    const length = block.lengths[strip - 1];
    const made = element("span", {
      class: "picture", role: "img", "aria-label": words,
      style: {
        "aspect-ratio": `${width} / ${height}`,
        "background-image": `url("${address(table, strip, block.images[strip - 1])}")`,
        "background-size": `${100 * length}% 100%`,
        "background-position": `${length > 1 ? (100 * block.slot[row]) / (length - 1) : 0}% 0`,
      },
    });
    if (map) made.append(drawMap(map));
    return made;
  }

  // from faint blue for little heat to dense yellow for much
  function drawMap({ heat, height, width, view }) {
    const canvas = element("canvas", { width, height, "aria-hidden": "true" });
    const context = canvas.getContext("2d");
    const image = context.createImageData(width, height);
    heat.forEach((value, at) => {
      const share = value / 255;
      const color = [0 + 240 * share, 114 + 114 * share, 178 - 112 * share, 40 + 150 * share];
      image.data.set(color, 4 * at);
    });
    context.putImageData(image, 0, 0);
    ["left", "top", "width", "height"].forEach((side, at) => { canvas.style[side] = `${100 * view[at]}%`; });
    return canvas;
  }

  return { draw };
})();
