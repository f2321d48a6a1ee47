"use strict";

// Tables: a click on a heading sorts by it; a row that belongs to the one above it moves with that one.
function sortable(table) {
  const body = table.tBodies[0];
  const groups = [];
  for (const row of [...body.rows]) {
    if (row.className === "part" && groups.length) groups[groups.length - 1].push(row);
    else groups.push([row]);
  }
  const value = (group, column) => {
    const cell = group[0].cells[column];
    return cell.dataset.key === undefined ? cell.textContent : Number(cell.dataset.key);
  };
  const order = (a, b) => {
    if (typeof a !== typeof b) return typeof a === "number" ? -1 : 1;
    return typeof a === "number" ? a - b : a.localeCompare(b);
  };
  [...table.tHead.rows[0].cells].forEach((heading, column) => {
    if (!heading.textContent) return;
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    heading.append(button);
    button.addEventListener("click", () => {
      const down = heading.getAttribute("aria-sort") === "ascending";
      for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
      heading.setAttribute("aria-sort", down ? "descending" : "ascending");
      const sorted = [...groups].sort((a, b) => (down ? -1 : 1) * order(value(a, column), value(b, column)));
      body.append(...sorted.flat());
    });
  });
}

// What was compressed into the page.
async function unpacked(base64) {
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  return new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
}

async function values(series) {
  if (series.low || !series.packed) return;
  const bytes = await new Response(await unpacked(series.packed)).arrayBuffer();
  delete series.packed;
  const count = series.count;
  series.low = new Float32Array(bytes, 0, count);
  series.high = series.times ? series.low : new Float32Array(bytes, 4 * count, count);
  series.t = series.times
    ? new Float64Array(await new Response(await unpacked(series.times)).arrayBuffer())
    : Float64Array.from({ length: count }, (_, index) => series.offset + ((index + 0.5) * series.length) / count);
}

function indexOf(sorted, value) {
  let low = 0, high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

// Power between two times in at most `most` steps, each with the lowest and the highest of what the page holds there.
function band(series, from, to, most) {
  const first = Math.max(0, indexOf(series.t, from) - 1), last = Math.min(series.count, indexOf(series.t, to) + 1);
  const step = Math.max(1, Math.ceil((last - first) / most));
  const found = { x: [], y: [], samples: step * series.per_span, seconds: (step * series.length) / series.count };
  for (let begin = first; begin < last; begin += step) {
    const end = Math.min(begin + step, last);
    let low = Infinity, high = -Infinity;
    for (let index = begin; index < end; index++) {
      if (series.low[index] < low) low = series.low[index];
      if (series.high[index] > high) high = series.high[index];
    }
    const middle = (series.t[begin] + series.t[end - 1]) / 2;
    const known = low <= high;
    found.x.push(middle);
    found.y.push(known ? low : null);
    if (known && low < high) {
      found.x.push(middle);
      found.y.push(high);
    }
  }
  return found;
}

// The phases between two times as one outline each; those that would be thinner than `least` seconds are left out.
function shades(stage, from, to, least) {
  const found = new Map();
  let hidden = 0;
  for (const part of stage.parts) {
    for (const [phase, start, stop] of part.phases) {
      if (stop < from || start > to) continue;
      if (stop - start < least) { hidden += 1; continue; }
      if (!found.has(phase)) found.set(phase, { x: [], y: [] });
      found.get(phase).x.push(start, start, stop, stop, null);
      found.get(phase).y.push(0, 1, 1, 0, null);
    }
  }
  return { found, hidden };
}

const COLOURS = ["#1a1f24", "#0072B2", "#D55E00", "#CC79A7", "#8C5A00"];
const plain = (text) => String(text).replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
const rounded = (value) => Number(value.toPrecision(3)).toLocaleString("en", { maximumSignificantDigits: 3, useGrouping: false });

async function timeline(data) {
  const plot = document.getElementById("plot"), note = document.getElementById("plot-note");
  const choice = document.getElementById("plot-stage");
  data.stages.forEach((stage, index) => choice.add(new Option(stage.title, index)));
  const script = document.createElement("script");
  script.textContent = await new Response(await unpacked(document.getElementById("plotly-packed").textContent)).text();
  document.head.append(script);
  const touch = matchMedia("(pointer: coarse)").matches;

  function traces(stage, from, to) {
    const most = Math.max(200, 2 * plot.clientWidth);
    const { found, hidden } = shades(stage, from, to, (to - from) / most);
    const strips = [...found].map(([phase, outline]) => ({
      type: "scatter", mode: "lines", fill: "toself", line: { width: 0 }, hoverinfo: "skip", yaxis: "y",
      fillcolor: `rgb(${data.colours[phase]})`, name: plain(data.labels[phase]),
      x: outline.x.map((t) => (t === null ? null : t / stage.unit_s)), y: outline.y,
    }));
    const meters = [...new Set(stage.series.map((series) => series.meter))];
    const coarsest = { samples: 0, seconds: 0 };
    const lines = stage.series.filter((series) => series.low).map((series) => {
      const one = band(series, from, to, most);
      if (one.samples > coarsest.samples) Object.assign(coarsest, one);
      const word = series.simulated ? "simulated W" : "W";
      return {
        type: "scatter", mode: "lines", yaxis: "y2", name: plain(series.meter), legendgroup: `meter ${plain(series.meter)}`,
        showlegend: series === stage.series.find((other) => other.meter === series.meter && other.low),
        line: { width: 1, color: COLOURS[meters.indexOf(series.meter) % COLOURS.length] },
        hovertemplate: `%{y:.4g} ${word} at %{x:.6~g} ${stage.unit}`,
        x: one.x.map((t) => t / stage.unit_s), y: one.y,
      };
    });
    tell(stage, coarsest, hidden);
    return [...strips, ...lines];
  }

  function tell(stage, drawn, hidden) {
    const lacking = stage.series.filter((series) => series.lacking).map((series) => `${series.lacking}.`);
    const step = drawn.samples > 1.5
      ? `Each step of the line is the lowest and the highest of about ${rounded(drawn.samples)} samples (${rounded(drawn.seconds)} s): no peak is lost, and zooming in shows more down to what this page holds.`
      : "Every sample is drawn.";
    const thin = hidden ? ` ${hidden} phases are too short to be shaded at this zoom.` : "";
    note.textContent = [step + thin, ...lacking].join(" ");
  }

  function layout(stage) {
    const simulated = stage.series.some((series) => series.simulated);
    return {
      margin: { l: 55, r: 10, t: 36, b: 45 }, font: { size: 13 }, hovermode: "closest", dragmode: touch ? false : "zoom",
      xaxis: { title: { text: `time (${stage.unit})`, standoff: 4 }, range: [0, stage.seconds / stage.unit_s], zeroline: false, showgrid: false },
      yaxis: { range: [0, 1], visible: false, fixedrange: true },
      yaxis2: { overlaying: "y", side: "left", rangemode: "tozero", tickmode: "auto", fixedrange: true, showgrid: false,
                title: { text: simulated ? "simulated power (W)" : "power (W)" } },
      legend: { orientation: "h", y: -0.18, yanchor: "top" }, showlegend: true,
    };
  }

  async function show() {
    const stage = data.stages[Number(choice.value)];
    for (const series of stage.series) await values(series);
    const config = {
      displaylogo: false, displayModeBar: true, responsive: true, doubleClick: "reset",
      modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d"],
    };
    await Plotly.newPlot(plot, traces(stage, 0, stage.seconds), layout(stage), config);
    plot.on("plotly_relayout", zoomed);
  }

  async function zoomed(change) {
    if (!Object.keys(change).some((key) => key.startsWith("xaxis"))) return;
    const stage = data.stages[Number(choice.value)];
    const [from, to] = plot.layout.xaxis.range.map((t) => t * stage.unit_s);
    await Plotly.react(plot, traces(stage, from, to), plot.layout);
  }

  await show();
  choice.addEventListener("change", show);
}

for (const table of document.querySelectorAll("table.sortable")) sortable(table);
const stored = document.getElementById("timeline-data");
if (stored && "DecompressionStream" in window) {
  document.getElementById("timeline").hidden = false;
  timeline(JSON.parse(stored.textContent));
}
