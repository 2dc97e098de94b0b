// Time series: Plotly draws, and all charts share one range and one cursor. A chart is drawn when it comes into sight, with
// the lowest and the highest value of every few pixels, so that zooming in shows what is really there.

const MARGIN = { l: 52, r: 10, t: 6, b: 36 };
const LINES_AT_FIRST = 8;

const series = { charts: [], view: [0, 1], drag: "zoom", cursor: null };

const tableOf = (name) => run.index.metrics.find((table) => table.name === name);

// A line shows no value that stands alone between gaps: a dot does. A trace of dots, only where there are such values.
function lonely(x, y) {
  const alone = (value, at) => value != null && y[at - 1] == null && y[at + 1] == null;
  const places = [...y.keys()].filter((at) => alone(y[at], at));
  return [places.map((at) => x[at]), places.map((at) => y[at])];
}

class Chart {
  constructor(parent, { title, unit, lines }) {
    this.legend = make("div", { class: "legend" });
    this.plot = make("div", { class: "plot" });
    this.line = make("div", { class: "cursor", hidden: true });
    this.head = make("div", { class: "playhead" });
    this.element = make("div", { class: "chart", "data-title": title },
      make("h3", {}, title, unit ? make("span", { class: "dim" }, ` ${unit}`) : null),
      make("div", { class: "frame" }, this.plot, this.line, this.head), this.legend);
    parent.append(this.element);
    this.title = title;
    this.visible = false;
    this.setLines(lines);
    this.watch();
  }

  setLines(lines) {
    const entities = new Set(lines.map((line) => `${line[0]} ${line[1]}`));
    const columns = [];
    this.lines = lines.map(([table, entity, column, label, dashed], number) => {
      if (!columns.includes(column)) columns.push(column);
      const owner = [...entities].indexOf(`${table} ${entity}`);
      const many = entities.size > 1;
      const times = run.columns.get(`m.${table}`);
      const values = run.columns.get(`m.${table}.${entity}.${column}`) ?? new Float64Array(times.length).fill(NaN);
      let peak = -Infinity;
      for (const value of values) if (value > peak) peak = value;
      const plainAt = columns.indexOf(column);
      const dash = dashed ? "dash" : many && plainAt > 0 && columns.length > 1 ? ["solid", "dot", "dashdot", "longdash"][plainAt % 4] : "solid";
      return { times, values, label, dash, color: many ? owner : number, peak, shown: true };
    });
    const ranked = [...this.lines].sort((one, other) => other.peak - one.peak);
    ranked.slice(LINES_AT_FIRST).forEach((line) => { line.shown = false; });
    this.legend.replaceChildren(...this.lines.map((line) => {
      line.value = make("b", {});
      line.chip = make("button", {
        type: "button", "aria-pressed": String(line.shown),
        onclick: () => {
          line.shown = !line.shown;
          line.chip.setAttribute("aria-pressed", String(line.shown));
          this.draw();
        },
      }, make("i", {}), `${line.label} `, line.value);
      return line.chip;
    }));
    const hidden = this.lines.filter((line) => !line.shown).length;
    if (hidden) this.legend.append(make("span", { class: "dim" }, `${hidden} more lines are off: click to see them`));
    this.paintChips();
  }

  paintChips() {
    for (const line of this.lines) {
      const mark = line.chip.querySelector("i");
      mark.style.borderTopColor = colorOf(line.color);
      mark.style.borderTopStyle = line.dash === "solid" ? "solid" : line.dash === "dot" ? "dotted" : "dashed";
    }
  }

  watch() {
    new IntersectionObserver((entries) => {
      // Several may have queued up on a slow machine: the last is what is so now.
      this.visible = entries.at(-1).isIntersecting;
      if (!this.visible) return;
      // The cursor may have moved while it was out of sight.
      if (this.stale === false) this.mark();
      else this.draw();
    }, { rootMargin: "200px" }).observe(this.element);
    new ResizeObserver(() => this.changed()).observe(this.plot);
    // Pinching on a trackpad zooms around the pointer, two fingers sideways pan; the wheel alone scrolls the page.
    this.plot.addEventListener("wheel", (event) => {
      const [from, to] = series.view;
      const time = at(event);
      if (event.ctrlKey && time !== null) {
        const factor = Math.exp(Math.min(Math.max(event.deltaY, -60), 60) * 0.01);
        setView(time - (time - from) * factor, time + (to - time) * factor);
      } else if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
        const by = (event.deltaX / this.plot.clientWidth) * (to - from);
        setView(from + by, to + by);
      } else return;
      event.preventDefault();
    }, { passive: false });
    let down = null;
    const at = (event) => {
      const box = this.plot.getBoundingClientRect();
      const share = (event.clientX - box.left - MARGIN.l) / (box.width - MARGIN.l - MARGIN.r);
      const [from, to] = series.view;
      return share < 0 || share > 1 ? null : from + share * (to - from);
    };
    this.plot.addEventListener("pointermove", (event) => setCursor(at(event)), true);
    // Not while capturing: that would hear of every part inside that the pointer leaves.
    this.plot.addEventListener("pointerleave", () => setCursor(null));
    this.plot.addEventListener("pointerdown", (event) => { down = [event.clientX, event.clientY]; }, true);
    window.addEventListener("pointerup", (event) => {
      if (!down) return;
      const still = Math.hypot(event.clientX - down[0], event.clientY - down[1]) < 4;
      down = null;
      const time = at(event);
      if (still && time !== null) clock.seek(time);
    }, true);
  }

  changed() {
    this.stale = true;
    if (this.visible) this.draw();
  }

  draw() {
    if (!window.Plotly || this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => {
      this.waiting = false;
      this.paint();
    });
  }

  paint() {
    this.stale = false;
    const [from, to] = series.view;
    const width = this.plot.clientWidth;
    if (!width) return;
    const traces = this.lines.filter((line) => line.shown).flatMap((line) => {
      const [x, y] = sampled(line.times, line.values, from, to, Math.max(60, (width - MARGIN.l) >> 1));
      const color = colorOf(line.color);
      const trace = { x, y, type: "scatter", mode: "lines", hoverinfo: "skip", line: { color, width: 1.6, dash: line.dash } };
      const [dotX, dotY] = lonely(x, y);
      if (dotX.length === 0) return [trace];
      return [trace, { x: dotX, y: dotY, type: "scatter", mode: "markers", hoverinfo: "skip", marker: { color, size: 5 } }];
    });
    const ink = style("--dim");
    const grid = { gridcolor: style("--line"), zerolinecolor: style("--line"), tickfont: { color: ink, size: 11 }, linecolor: style("--line") };
    const layout = {
      margin: MARGIN, height: 200, autosize: true, showlegend: false, hovermode: false,
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", font: { family: "system-ui, sans-serif" },
      dragmode: series.drag,
      xaxis: { type: "date", range: [dateOf(from), dateOf(to)], ...grid },
      yaxis: { rangemode: "tozero", fixedrange: true, nticks: 5, ...grid },
    };
    const config = { displayModeBar: false, responsive: false, scrollZoom: false, doubleClick: "reset", showTips: false };
    const first = !this.drawn;
    this.drawn = true;
    Plotly.react(this.plot, traces, layout, config);
    if (first) {
      this.plot.on("plotly_relayout", (change) => {
        if (change["xaxis.autorange"]) return setView(0, run.end);
        const begin = change["xaxis.range[0]"] ?? change["xaxis.range"]?.[0];
        const end = change["xaxis.range[1]"] ?? change["xaxis.range"]?.[1];
        if (begin !== undefined) setView(secondsOf(begin), secondsOf(end));
      });
      this.plot.on("plotly_doubleclick", () => { setView(0, run.end); return false; });
    }
    this.element.dataset.drawn = "yes";
    this.mark();
  }

  mark() {
    const [from, to] = series.view;
    const width = this.plot.clientWidth - MARGIN.l - MARGIN.r;
    const put = (element, time) => {
      const share = time === null ? -1 : (time - from) / (to - from);
      element.hidden = share < 0 || share > 1;
      if (!element.hidden) element.style.left = `${MARGIN.l + share * width}px`;
    };
    put(this.line, series.cursor);
    put(this.head, clock.now);
    const time = series.cursor ?? clock.now;
    for (const line of this.lines) {
      line.value.textContent = line.shown ? showNumber(sampleAt(line.times, line.values, time)) : "";
    }
  }
}

const dateOf = (seconds) => new Date(run.startMs + seconds * 1000).toISOString().slice(0, 23).replace("T", " ");
const secondsOf = (date) => {
  const ms = typeof date === "number" ? date : Date.parse(`${String(date).replace(" ", "T")}${/Z$/.test(date) ? "" : "Z"}`);
  return (ms - run.startMs) / 1000;
};

// The lowest and the highest value of every bin between two times, in their order; a gap stays a gap.
function sampled(times, values, from, to, bins) {
  const first = Math.max(placeOf(times, from), 0);
  const last = Math.min(placeOf(times, to) + 1, times.length - 1);
  const x = [];
  const y = [];
  const add = (place) => { x.push(dateOf(times[place])); y.push(Number.isNaN(values[place]) ? null : values[place]); };
  if (last - first <= bins * 2) {
    for (let place = first; place <= last; place++) add(place);
    return [x, y];
  }
  for (let bin = 0; bin < bins; bin++) {
    const begin = first + Math.floor(((last - first + 1) * bin) / bins);
    const end = first + Math.floor(((last - first + 1) * (bin + 1)) / bins);
    let low = -1;
    let high = -1;
    for (let place = begin; place < end; place++) {
      if (Number.isNaN(values[place])) continue;
      if (low < 0 || values[place] < values[low]) low = place;
      if (high < 0 || values[place] > values[high]) high = place;
    }
    if (low < 0) add(begin);
    else if (low === high) add(low);
    else { add(Math.min(low, high)); add(Math.max(low, high)); }
  }
  return [x, y];
}

function setView(from, to) {
  const shortest = Math.min(10, run.end);
  if (!(to - from >= shortest)) { const middle = (from + to) / 2; from = middle - shortest / 2; to = middle + shortest / 2; }
  if (to - from > run.end) { from = 0; to = run.end; }
  if (from < 0) { to -= from; from = 0; }
  if (to > run.end) { from = Math.max(0, from - (to - run.end)); to = run.end; }
  if (series.view[0] === from && series.view[1] === to) return;
  series.view = [from, to];
  series.charts.forEach((chart) => chart.changed());
}

function setCursor(time) {
  series.cursor = time;
  $("cursor").textContent = time === null ? "" : showTime(time);
  series.charts.filter((chart) => chart.visible).forEach((chart) => chart.mark());
}

function zoom(factor) {
  const [from, to] = series.view;
  const middle = clock.now > from && clock.now < to ? clock.now : (from + to) / 2;
  const half = ((to - from) * factor) / 2;
  setView(middle - half, middle + half);
}

function beginCharts() {
  series.view = [0, run.end];
  const parent = $("charts");
  series.charts = run.index.charts.map((chart) => new Chart(parent, chart));
  if (!series.charts.length) parent.append(make("p", {}, "This run has no metrics."));
  clock.listeners.push(() => series.charts.filter((chart) => chart.visible).forEach((chart) => chart.mark()));
  repaint.push(() => series.charts.forEach((chart) => { chart.paintChips(); chart.changed(); }));
  // The button that is on turns dragging off, so that a finger can scroll past the charts: how it begins on a phone.
  const drag = (mode) => {
    series.drag = series.drag === mode ? false : mode;
    $("drag-zoom").setAttribute("aria-pressed", String(series.drag === "zoom"));
    $("drag-pan").setAttribute("aria-pressed", String(series.drag === "pan"));
    series.charts.forEach((chart) => chart.changed());
  };
  if (matchMedia("(pointer: coarse)").matches) drag("zoom");
  $("drag-zoom").onclick = () => drag("zoom");
  $("drag-pan").onclick = () => drag("pan");
  $("zoom-in").onclick = () => zoom(0.5);
  $("zoom-out").onclick = () => zoom(2);
  $("zoom-all").onclick = () => setView(0, run.end);
  const shift = (by) => { const [from, to] = series.view; setView(from + by * (to - from), to + by * (to - from)); };
  $("earlier").onclick = () => shift(-0.5);
  $("later").onclick = () => shift(0.5);
  beginExplorer();
}

// A chart of whatever metric the files hold.
function beginExplorer() {
  const [table, entity, column] = ["any-table", "any-entity", "any-column"].map($);
  const option = (text, value) => make("option", { value }, text);
  const lines = [];
  let chart = null;
  const fill = () => {
    const chosen = tableOf(table.value);
    if (!chosen) return;
    entity.replaceChildren(...chosen.entities.map((name, number) => option(name, number)));
    fillColumns();
  };
  const fillColumns = () => {
    const chosen = tableOf(table.value);
    column.replaceChildren(...chosen.columns
      .map((name, number) => [name, number])
      .filter(([, number]) => run.columns.has(`m.${table.value}.${entity.value}.${number}`))
      .map(([name, number]) => option(name, number)));
  };
  table.replaceChildren(...run.index.metrics.filter((it) => it.entities.length).map((it) => option(it.name.replaceAll("_", " "), it.name)));
  table.onchange = fill;
  entity.onchange = fillColumns;
  fill();
  $("any-add").onclick = () => {
    const chosen = tableOf(table.value);
    if (!chosen || column.value === "") return;
    const name = `${chosen.entities[+entity.value]} ${chosen.columns[+column.value]}`;
    lines.push([table.value, +entity.value, +column.value, name, false]);
    if (chart) { chart.setLines(lines); chart.changed(); return; }
    chart = new Chart($("any-chart"), { title: "Chosen metrics", unit: "", lines });
    series.charts.push(chart);
  };
  $("any-clear").onclick = () => {
    lines.length = 0;
    if (chart) { chart.element.remove(); series.charts = series.charts.filter((it) => it !== chart); chart = null; }
  };
}
