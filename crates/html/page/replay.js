// The replay: a canvas with every instance as a box in its zone and provider, and every task as a block in it.

const replay = { cells: [], size: "cpu", only: null, selected: null, width: 0, height: 0 };
const SPEEDS = [1, 10, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 28800, 86400];
const HEAD = 34;
const GAP = 14;

// Where everything is drawn: a column for each zone where there is room, one after the other on a phone.
function layOut() {
  const canvas = $("stage");
  const width = canvas.parentElement.clientWidth;
  const lanes = Math.max(1, Math.floor(width / 260));
  // Where there is more room than zones, the groups of a zone lie beside each other.
  const most = Math.max(1, ...cluster.zones.map((zone) => cluster.groups.filter((it) => it.zone === zone).length));
  const share = Math.max(1, Math.min(most, Math.floor(lanes / cluster.zones.length)));
  const across = Math.max(1, Math.min(cluster.zones.length * share, lanes));
  const column = (width - GAP * (across - 1)) / across;
  const ceiling = Math.max(280, Math.min(innerHeight * 0.62, 900));
  const arrange = (cell) => {
    const tops = new Array(across).fill(0);
    const boxes = [];
    cluster.zones.forEach((zone, number) => {
      cluster.groups.filter((it) => it.zone === zone).forEach((group, rank) => {
        const lane = (number * share + (rank % share)) % across;
        const side = Math.max(5, Math.min(cell * 0.5, 44));
        const [w, h] = group.fargate ? [side, side] : [cell, cell * 1.15];
        const gap = w < 8 ? 1 : w < 24 ? 2 : 4;
        const perRow = Math.max(1, Math.floor((column + gap) / (w + gap)));
        const rows = Math.ceil(group.slots / perRow);
        boxes.push({ group, x: lane * (column + GAP), y: tops[lane] + HEAD, w, h, gap, perRow, width: column });
        tops[lane] += HEAD + rows * (h + gap) + GAP;
      });
    });
    return [boxes, Math.max(...tops, 60)];
  };
  let cell = 150;
  let [boxes, height] = arrange(cell);
  while (height > ceiling && cell > 5) {
    cell = Math.max(5, cell * 0.93);
    [boxes, height] = arrange(cell);
  }
  Object.assign(replay, { boxes, width, height });
  const ratio = devicePixelRatio || 1;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  canvas.style.height = `${height}px`;
}

const rectOf = (box, slot) => ({
  x: box.x + (slot % box.perRow) * (box.w + box.gap),
  y: box.y + Math.floor(slot / box.perRow) * (box.h + box.gap),
});

// Rectangles of one colour are painted together: changing the colour is what takes time.
class Paints {
  constructor() {
    this.of = new Map();
  }

  add(key, x, y, w, h) {
    let list = this.of.get(key);
    if (!list) this.of.set(key, list = []);
    list.push(x, y, w, h);
  }

  each(paint) {
    for (const [key, list] of this.of) {
      for (let at = 0; at < list.length; at += 4) paint(key, list[at], list[at + 1], list[at + 2], list[at + 3], at === 0);
    }
  }
}

function paintStage(now) {
  const canvas = $("stage");
  const context = canvas.getContext("2d");
  const ratio = canvas.width / Math.max(replay.width, 1);
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, replay.width, replay.height);
  const ink = style("--ink");
  const dim = style("--dim");
  const colors = { slot: style("--slot"), box: style("--box"), active: style("--edge"), draining: style("--draining"), notice: style("--notice"), booting: dim };
  const palette = cluster.sources.map((_, source) => colorOf(cluster.color[source]));
  const counts = { running: 0, starting: 0, stopping: 0, active: 0, booting: 0, draining: 0, notice: 0 };
  const perSource = new Int32Array(cluster.sources.length);
  const slots = new Paints();
  const boxes = new Paints();
  const blocks = new Paints();
  const edges = new Paints();
  const labels = [];
  const marked = [];
  const block = (task, phase, x, y, w, h) => {
    const source = cluster.sourceOf[cluster.kind[task]];
    counts[phase]++;
    perSource[source]++;
    blocks.add(phase === "running" ? source : source + palette.length, x, y, w, h);
    if (h > 14 && w > 50) labels.push([cluster.sources[source], x, y, w, h]);
    if (replay.selected?.task === task) marked.push([x, y, w, h]);
  };
  for (const box of replay.boxes) {
    const { group } = box;
    let here = 0;
    // Where nobody is now: so that a group keeps its shape while it breathes.
    for (let slot = 0; slot < group.slots && box.w > 7; slot++) {
      const { x, y } = rectOf(box, slot);
      slots.add("slot", x, y, box.w, box.h);
    }
    for (let at = 0; at < group.members.length; at++) {
      const member = group.members[at];
      if (group.fargate) {
        if (!lives(member, now)) continue;
        here++;
        const { x, y } = rectOf(box, group.place[at]);
        const side = box.w * Math.sqrt(Math.min(1, cluster.kinds[cluster.kind[member]][replay.size] / group.largest[replay.size] || 0.1));
        block(member, phaseOf(member, now), x, y + box.h - side, side, side);
        continue;
      }
      const state = stateOf(member, now);
      if (state === "gone") continue;
      here++;
      counts[state]++;
      const { x, y } = rectOf(box, group.place[at]);
      boxes.add(state === "booting" ? "booting" : "box", x, y, box.w, box.h);
      for (const { task, from, to, phase } of blocksOf(member, now)) {
        const tall = Math.max(box.h * (to - from), 0.6);
        block(task, phase, x, y + box.h * (1 - to), box.w, tall > 5 ? tall - 1 : tall);
      }
      if (state !== "active" || box.w >= 24) edges.add(state, x, y, box.w, box.h);
      if (replay.selected?.instance === member) marked.push([x - 1, y - 1, box.w + 2, box.h + 2]);
    }
    context.fillStyle = ink;
    context.font = "600 12px system-ui, sans-serif";
    context.fillText(group.zone, box.x, box.y - 19, box.width);
    context.fillStyle = dim;
    context.font = "12px system-ui, sans-serif";
    context.fillText(`${group.owner} · ${showNumber(here)} ${group.fargate ? "task" : "instance"}${here === 1 ? "" : "s"}`, box.x, box.y - 5, box.width);
  }
  context.fillStyle = colors.slot;
  slots.each((_, x, y, w, h) => context.fillRect(x, y, w, h));
  boxes.each((key, x, y, w, h, first) => {
    if (first) { context.fillStyle = colors.box; context.globalAlpha = key === "booting" ? 0.5 : 1; }
    context.fillRect(x, y, w, h);
  });
  blocks.each((key, x, y, w, h, first) => {
    if (first) {
      const source = key % palette.length;
      context.fillStyle = palette[source];
      context.globalAlpha = (key < palette.length ? 1 : 0.45) * (replay.only === null || replay.only === source ? 1 : 0.12);
    }
    context.fillRect(x, y, w, h);
  });
  context.globalAlpha = 1;
  edges.each((state, x, y, w, h) => {
    const alarm = state === "draining" || state === "notice";
    outline(context, x, y, w, h, colors[state], alarm ? (w > 30 ? 3 : w > 12 ? 2 : 1) : 1, state === "booting" ? [3, 2] : []);
  });
  context.fillStyle = style("--label");
  context.font = "11px system-ui, sans-serif";
  for (const [text, x, y, w, h] of labels) context.fillText(text, x + 4, y + Math.min(h - 4, 13), w - 8);
  for (const [x, y, w, h] of marked) outline(context, x, y, w, h, ink, 2);
  if (!replay.boxes.length) {
    context.fillStyle = dim;
    context.font = "14px system-ui, sans-serif";
    context.fillText("No instance and no Fargate task in this run.", 4, 30);
  }
  tellCounts(now, counts, perSource);
}

function outline(context, x, y, w, h, color, wide, dash = []) {
  context.setLineDash(dash);
  context.strokeStyle = color;
  context.lineWidth = wide;
  context.strokeRect(x + wide / 2, y + wide / 2, w - wide, h - wide);
  context.setLineDash([]);
}

// The blocks of an instance from the bottom up, as shares of its height.
function blocksOf(instance, now) {
  const blocks = [];
  const room = cluster.capacity[replay.size][instance] || 0;
  let from = 0;
  for (let at = cluster.starts[instance]; at < cluster.starts[instance + 1]; at++) {
    const task = cluster.byInstance[at];
    if (cluster.from[task] > now || cluster.until[task] <= now) continue;
    const share = room ? cluster.kinds[cluster.kind[task]][replay.size] / room : 0;
    const to = Math.min(from + share, 1);
    blocks.push({ task, from, to, phase: phaseOf(task, now) });
    from = to;
  }
  return blocks;
}

function tellCounts(now, counts, perSource) {
  const waiting = ["waitingRequests", "missingTasks", "tasksProvisioning"].reduce((sum, name) => sum + (clusterMetric(name, now) || 0), 0);
  const parts = [
    ["running", counts.running], ["starting", counts.starting], ["stopping", counts.stopping], ["waiting for a place", waiting],
    ["instances", counts.active + counts.draining + counts.notice], ["launching", counts.booting], ["draining", counts.draining], ["under Spot notice", counts.notice],
  ];
  $("counts").replaceChildren(...parts.filter(([name, value]) => value || name === "running" || name === "instances")
    .map(([name, value]) => make("span", {}, make("b", {}, showNumber(value)), ` ${name}`)));
  replay.chips.forEach((chip, source) => { chip.lastChild.textContent = ` ${showNumber(perSource[source])}`; });
}

function hit(x, y) {
  for (const box of replay.boxes) {
    const column = Math.floor((x - box.x) / (box.w + box.gap));
    const row = Math.floor((y - box.y) / (box.h + box.gap));
    if (x < box.x || y < box.y || column >= box.perRow) continue;
    const slot = row * box.perRow + column;
    if (slot >= box.group.slots) continue;
    for (let at = 0; at < box.group.members.length; at++) {
      if (box.group.place[at] !== slot) continue;
      const member = box.group.members[at];
      if (box.group.fargate) {
        if (lives(member, clock.now)) return { task: member };
        continue;
      }
      if (stateOf(member, clock.now) === "gone") continue;
      const rect = rectOf(box, slot);
      const level = 1 - (y - rect.y) / box.h;
      const block = blocksOf(member, clock.now).find((it) => level >= it.from && level < it.to);
      return { instance: member, task: block?.task };
    }
  }
  return null;
}

// Running tasks over the whole run, with what Spot and the auto scalers did.
function paintStrip() {
  const canvas = $("strip");
  const width = canvas.clientWidth;
  const height = canvas.clientHeight;
  const ratio = devicePixelRatio || 1;
  canvas.width = width * ratio;
  canvas.height = height * ratio;
  const context = canvas.getContext("2d");
  context.scale(ratio, ratio);
  const x = (seconds) => (seconds / run.end) * width;
  const table = tableOf("cluster");
  const times = run.columns.get("m.cluster");
  const values = table && run.columns.get(`m.cluster.0.${table.columns.indexOf("RunningTaskCount")}`);
  if (values) {
    let peak = 1;
    for (const value of values) if (value > peak) peak = value;
    context.fillStyle = style("--strip");
    context.beginPath();
    context.moveTo(0, height);
    const step = Math.max(1, Math.floor(times.length / (width * 2)));
    for (let at = 0; at < times.length; at += step) context.lineTo(x(times[at]), height - 6 - (values[at] / peak) * (height - 8));
    context.lineTo(width, height - 6 - (values[times.length - 1] / peak) * (height - 8));
    context.lineTo(width, height);
    context.fill();
  }
  const ticks = (times, color, top, tall) => {
    context.fillStyle = color;
    let last = -9;
    for (const time of times ?? []) {
      const at = Math.round(x(time));
      if (Number.isNaN(at) || at === last) continue;
      last = at;
      context.fillRect(at, top, 1, tall);
    }
  };
  ticks(run.columns.get("scaling.at"), style("--c0"), height - 6, 6);
  ticks(Float64Array.from(cluster.notice).sort(), style("--notice"), 0, 7);
}

function tellNow(now) {
  $("now").textContent = showTime(now);
  $("scrub").value = (now / run.end) * 1000;
  $("play").textContent = clock.playing ? "❚❚" : "▶";
  $("play").setAttribute("aria-pressed", String(clock.playing));
}

const stepLength = () => {
  const times = run.columns.get("m.cluster");
  return times && times.length > 1 ? times[1] - times[0] : run.end / 500;
};

function setSpeed(speed) {
  clock.speed = speed;
  $("speed").value = String(speed);
}

function beginReplay() {
  $("speed").replaceChildren(...SPEEDS.map((speed) => make("option", { value: speed }, speed === 1 ? "real time" : `${showSpan(speed)} a second`)));
  setSpeed(SPEEDS.find((speed) => run.end / speed <= 75) ?? SPEEDS[SPEEDS.length - 1]);
  $("speed").onchange = (event) => setSpeed(+event.target.value);
  $("size").onchange = (event) => { replay.size = event.target.value; clock.tell(); };
  if (![...cluster.capacity.gpus].some((gpus) => gpus > 0)) $("size").querySelector('[value="gpus"]').remove();
  replay.chips = cluster.sources.map((source, number) => make("button", {
    type: "button", "aria-pressed": "false", title: "Show only these",
    onclick: () => {
      replay.only = replay.only === number ? null : number;
      replay.chips.forEach((chip, other) => chip.setAttribute("aria-pressed", String(replay.only === other)));
      clock.tell();
    },
  }, make("i", {}), source, make("span", { class: "dim" }, "")));
  const paintLegend = () => replay.chips.forEach((chip, source) => { chip.firstChild.style.background = colorOf(cluster.color[source]); });
  const ranked = replay.chips.map((chip, number) => [cluster.color[number], chip]).sort((one, other) => one[0] - other[0]);
  $("legend").replaceChildren(...ranked.map(([, chip]) => chip));
  paintLegend();
  $("play").onclick = () => clock.play(!clock.playing);
  $("back").onclick = () => clock.seek(clock.now - stepLength());
  $("forward").onclick = () => clock.seek(clock.now + stepLength());
  $("scrub").oninput = (event) => clock.seek((+event.target.value / 1000) * run.end);
  $("strip").onclick = (event) => clock.seek((event.offsetX / $("strip").clientWidth) * run.end);
  const stage = $("stage");
  stage.onclick = (event) => {
    const found = hit(event.offsetX, event.offsetY);
    if (!found) return closeLife();
    if (found.task !== undefined) showTask(found.task);
    else showInstance(found.instance);
  };
  stage.onpointermove = (event) => {
    const found = event.pointerType === "mouse" ? hit(event.offsetX, event.offsetY) : null;
    const tip = $("tip");
    tip.hidden = !found;
    stage.style.cursor = found ? "pointer" : "default";
    if (!found) return;
    const lines = [];
    if (found.task !== undefined) lines.push(`${cluster.kinds[cluster.kind[found.task]].source}, ${nameOfTask(found.task)}, ${phaseOf(found.task, clock.now)}`);
    if (found.instance !== undefined) lines.push(`${cluster.names[found.instance]}, ${cluster.word("type", found.instance)}, ${stateOf(found.instance, clock.now)}`);
    tip.replaceChildren(...lines.map((line) => make("div", {}, line)));
    tip.style.left = `${Math.min(event.offsetX + 12, replay.width - 230)}px`;
    tip.style.top = `${event.offsetY + 14}px`;
  };
  stage.onpointerleave = () => { $("tip").hidden = true; };
  addEventListener("keydown", (event) => {
    const { target } = event;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape") return closeLife();
    if (target.closest?.("input:not([type=range]), select, textarea, summary")) return;
    if (event.key === " " && target.closest?.("button, a")) return;
    const step = stepLength() * (event.shiftKey ? 10 : 1);
    const near = SPEEDS.indexOf(clock.speed);
    const actions = {
      " ": () => clock.play(!clock.playing),
      ArrowLeft: () => clock.seek(clock.now - step),
      ArrowRight: () => clock.seek(clock.now + step),
      Home: () => clock.seek(0),
      End: () => clock.seek(run.end),
      "+": () => setSpeed(SPEEDS[Math.min(near + 1, SPEEDS.length - 1)]),
      "-": () => setSpeed(SPEEDS[Math.max(near - 1, 0)]),
    };
    if (!actions[event.key]) return;
    event.preventDefault();
    actions[event.key]();
  });
  const fit = () => { layOut(); paintStrip(); clock.tell(); };
  new ResizeObserver(() => {
    if (Math.abs($("stage").parentElement.clientWidth - replay.width) > 1) fit();
  }).observe($("stage").parentElement);
  repaint.push(() => { paintLegend(); paintStrip(); clock.tell(); });
  let seen = true;
  new IntersectionObserver(([entry]) => { seen = entry.isIntersecting; if (seen) clock.tell(); }).observe($("replay"));
  clock.listeners.push((now) => { tellNow(now); if (seen) paintStage(now); });
  beginFind();
  fit();
}
