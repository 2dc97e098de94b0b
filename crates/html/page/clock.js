// The clock that charts, replay and lists share, and small helpers.

const $ = (id) => document.getElementById(id);

const make = (tag, attributes = {}, ...children) => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
};

const run = { startMs: 0, end: 0, index: null, columns: null };

const pad = (number) => String(number).padStart(2, "0");

// Seconds since the start as a time of day, with the day where a run is longer than one.
const showTime = (seconds, fine = false) => {
  if (!Number.isFinite(seconds)) return "";
  const date = new Date(run.startMs + seconds * 1000);
  const day = run.end > 86400 ? `${["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"][date.getUTCDay()]} ${pad(date.getUTCMonth() + 1)}-${pad(date.getUTCDate())} ` : "";
  const ms = fine ? `.${String(date.getUTCMilliseconds()).padStart(3, "0")}` : "";
  return `${day}${pad(date.getUTCHours())}:${pad(date.getUTCMinutes())}:${pad(date.getUTCSeconds())}${ms}`;
};

const showSpan = (seconds) => {
  if (!Number.isFinite(seconds)) return "";
  if (seconds < 10) return `${+seconds.toFixed(2)} s`;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7200) return `${+(seconds / 60).toFixed(1)} min`;
  if (seconds < 172800) return `${+(seconds / 3600).toFixed(1)} h`;
  return `${+(seconds / 86400).toFixed(1)} d`;
};

const showNumber = (value) => {
  if (!Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  const digits = size >= 1000 || Number.isInteger(value) ? 0 : size >= 100 ? 1 : size >= 1 ? 2 : 4;
  return value.toLocaleString("en-US", { maximumFractionDigits: digits });
};

const clock = {
  now: 0,
  playing: false,
  speed: 60,
  listeners: [],
  seek(seconds) {
    clock.now = Math.min(Math.max(seconds, 0), run.end);
    clock.tell();
  },
  waiting: false,
  tell() {
    if (clock.waiting) return;
    clock.waiting = true;
    requestAnimationFrame(() => {
      clock.waiting = false;
      for (const listen of clock.listeners) listen(clock.now);
    });
  },
  play(on) {
    if (on && clock.now >= run.end) clock.now = 0;
    clock.playing = on;
    let last = performance.now();
    const step = (time) => {
      if (!clock.playing) return;
      clock.now = Math.min(clock.now + (clock.speed * (time - last)) / 1000, run.end);
      last = time;
      if (clock.now >= run.end) clock.playing = false;
      clock.tell();
      requestAnimationFrame(step);
    };
    if (on) requestAnimationFrame((time) => { last = time; step(time); });
    clock.tell();
  },
};

// The last place in a rising list whose value is not above `value`; -1 if there is none.
const placeOf = (list, value) => {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (list[middle] <= value) low = middle + 1;
    else high = middle;
  }
  return low - 1;
};

// What was measured last at a time. Before the first sample nothing was, and the replay would not agree with a later one.
const sampleAt = (times, values, time) => {
  const place = placeOf(times, time + 1e-6);
  return place < 0 ? NaN : values[place];
};

const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

const isDark = () => {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
};

// Colours that differ for most eyes: eight of the style, then around the wheel.
const colorOf = (number) => {
  if (number < 8) return style(`--c${number}`);
  const hue = (number * 137.5) % 360;
  return isDark() ? `hsl(${hue} 55% 62%)` : `hsl(${hue} 60% 42%)`;
};

const repaint = [];
