// Who is where at what time: the columns of instances and tasks, made ready for the replay.

const cluster = {};

// A place for each of `count` lives, the lowest that is free when it begins, so that nobody moves while he lives.
function places(count, begin, end) {
  const order = Array.from({ length: count }, (_, number) => number).sort((one, other) => begin(one) - begin(other));
  const free = [];
  const ends = [];
  const push = (heap, item) => {
    heap.push(item);
    for (let at = heap.length - 1; at > 0;) {
      const up = (at - 1) >> 1;
      if (heap[up][0] <= heap[at][0]) break;
      [heap[up], heap[at]] = [heap[at], heap[up]];
      at = up;
    }
  };
  const pop = (heap) => {
    const top = heap[0];
    const last = heap.pop();
    if (heap.length) {
      heap[0] = last;
      for (let at = 0; ;) {
        let small = 2 * at + 1;
        if (small >= heap.length) break;
        if (small + 1 < heap.length && heap[small + 1][0] < heap[small][0]) small++;
        if (heap[at][0] <= heap[small][0]) break;
        [heap[small], heap[at]] = [heap[at], heap[small]];
        at = small;
      }
    }
    return top;
  };
  const place = new Int32Array(count);
  let used = 0;
  for (const number of order) {
    while (ends.length && ends[0][0] <= begin(number)) push(free, [pop(ends)[1]]);
    place[number] = free.length ? pop(free)[0] : used++;
    push(ends, [end(number), place[number]]);
  }
  return [place, used];
}

function beginCluster() {
  const { columns, index } = run;
  const { names, words } = index.instances;
  const get = (name) => columns.get(name);
  const machine = (name) => get(`instances.${name}`) ?? new Float64Array(names.length).fill(NaN);
  const count = names.length;
  const [launched, registered, terminated, deregistered] = ["launched", "registered", "terminated", "deregistered"].map(machine);
  const first = (...values) => values.find((value) => !Number.isNaN(value));
  Object.assign(cluster, {
    count, names, machine,
    word: (name, number) => words[machine(name)[number]] ?? "",
    begin: Float64Array.from({ length: count }, (_, i) => first(launched[i], registered[i], 0)),
    end: Float64Array.from({ length: count }, (_, i) => first(terminated[i], deregistered[i], Infinity)),
    registered, draining: machine("draining"), notice: machine("notice"),
    capacity: { cpu: machine("cpu"), memory: machine("memory"), gpus: machine("gpus") },
  });

  const { tasks } = index;
  const total = tasks.count;
  const created = get("tasks.created") ?? new Float64Array(0);
  const after = (name) => {
    const column = get(`tasks.${name}`);
    return column ? column.map((value, task) => created[task] + value) : null;
  };
  const kinds = (tasks.kinds ?? []).map(([source, group, service, definition, launchType, provider, cpu, memory, gpus, enis]) =>
    ({ source, group, service, definition, launchType, provider, cpu: +cpu, memory: +memory, gpus: +gpus, enis: +enis }));
  const sources = [...new Set(kinds.map((kind) => kind.source))];
  Object.assign(cluster, {
    tasks: total, created, placed: after("placed"), started: after("started"), stopped: after("stopped"),
    stopping: after("stopping"), kind: get("tasks.kind"), on: get("tasks.instance"), zone: get("tasks.zone"), kinds, sources,
  });
  // Without NaN, for the loops that run for every frame: never placed is never, not stopped is for ever.
  cluster.from = Float64Array.from(cluster.placed ?? [], (at) => (Number.isNaN(at) ? Infinity : at));
  cluster.until = Float64Array.from(cluster.stopped ?? [], (at) => (Number.isNaN(at) ? Infinity : at));
  const perSource = new Float64Array(sources.length);
  cluster.sourceOf = kinds.map((kind) => sources.indexOf(kind.source));
  for (let task = 0; task < total; task++) perSource[cluster.sourceOf[cluster.kind[task]]]++;
  cluster.color = new Int32Array(sources.length);
  sources.map((_, number) => number).sort((one, other) => perSource[other] - perSource[one]).forEach((source, rank) => { cluster.color[source] = rank; });

  // Tasks by instance, in the order of their creation.
  const starts = new Int32Array(count + 1);
  for (let task = 0; task < total; task++) if (cluster.on[task] >= 0) starts[cluster.on[task] + 1]++;
  for (let i = 0; i < count; i++) starts[i + 1] += starts[i];
  const next = starts.slice();
  const byInstance = new Int32Array(starts[count]);
  const loose = [];
  for (let task = 0; task < total; task++) {
    if (cluster.on[task] >= 0) byInstance[next[cluster.on[task]]++] = task;
    else if (!Number.isNaN(cluster.placed[task]) && kinds[cluster.kind[task]].launchType === "FARGATE") loose.push(task);
  }
  Object.assign(cluster, { starts, byInstance });

  // Groups: a zone and who owns the machines there.
  const groups = new Map();
  const groupOf = (zone, owner, fargate) => {
    const key = `${zone}\u0000${owner}`;
    if (!groups.has(key)) groups.set(key, { zone, owner, fargate, members: [] });
    return groups.get(key);
  };
  for (let i = 0; i < count; i++) {
    if (registered[i] !== registered[i] && launched[i] !== launched[i]) continue;
    const owner = cluster.word("provider", i) || cluster.word("group", i) || "instances of the scenario";
    groupOf(cluster.word("zone", i) || "no zone", owner, false).members.push(i);
  }
  for (const task of loose) {
    const kind = kinds[cluster.kind[task]];
    groupOf(tasks.words[cluster.zone[task]] || "no zone", kind.provider || "FARGATE", true).members.push(task);
  }
  cluster.groups = [...groups.values()].sort((one, other) => one.zone.localeCompare(other.zone) || one.owner.localeCompare(other.owner));
  for (const group of cluster.groups) {
    const { members, fargate } = group;
    const begin = fargate ? (at) => cluster.placed[members[at]] : (at) => cluster.begin[members[at]];
    const end = fargate ? (at) => stoppedAt(members[at]) : (at) => cluster.end[members[at]];
    const [place, used] = places(members.length, begin, end);
    group.place = place;
    group.slots = used;
    if (fargate) {
      const of = (size) => Math.max(...new Set(members.map((task) => kinds[cluster.kind[task]][size] || 0)));
      group.largest = { cpu: of("cpu"), memory: of("memory"), gpus: of("gpus") };
    }
  }
  cluster.zones = [...new Set(cluster.groups.map((group) => group.zone))];
}

const stoppedAt = (task) => cluster.until[task];

const lives = (task, now) => cluster.from[task] <= now && cluster.until[task] > now;

const phaseOf = (task, now) => {
  if (!(cluster.started[task] <= now)) return "starting";
  if (cluster.stopping && cluster.stopping[task] <= now) return "stopping";
  return "running";
};

const stateOf = (instance, now) => {
  if (now < cluster.begin[instance] || now >= cluster.end[instance]) return "gone";
  if (!(cluster.registered[instance] <= now)) return "booting";
  if (cluster.notice[instance] <= now) return "notice";
  if (cluster.draining[instance] <= now) return "draining";
  return "active";
};

// What a metric of the cluster says at a time.
const clusterMetric = (name, now) => {
  const table = tableOf("cluster");
  const column = table ? table.columns.indexOf(name) : -1;
  if (column < 0) return NaN;
  const times = run.columns.get("m.cluster");
  const values = run.columns.get(`m.cluster.0.${column}`);
  return values ? sampleAt(times, values, now) : NaN;
};
