// What a click tells: the life of a task or an instance, and why it is there.

const idOfTask = (task) => {
  if (!run.columns.has("tasks.id")) return "";
  return [...run.columns.raw("tasks.id").subarray(16 * task, 16 * task + 16)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
};
const numberOfTask = (task) => run.columns.get("tasks.number")[task];
const nameOfTask = (task) => `task ${numberOfTask(task)}`;
const taskColumn = (name, task) => run.columns.get(`tasks.${name}`)?.[task] ?? NaN;

const steps = (list) => {
  const known = list.filter(([, time]) => Number.isFinite(time)).sort((one, other) => one[1] - other[1]);
  return make("ol", { class: "steps" }, ...known.map(([name, time], at) => make("li", {},
    make("button", { type: "button", class: "time", title: "Show this moment", onclick: () => clock.seek(time) }, showTime(time, true)),
    ` ${name}`, at ? make("span", { class: "dim" }, ` +${showSpan(time - known[at - 1][1])}`) : null)));
};

const facts = (list) => make("dl", {}, ...list.filter(([, value]) => value !== "" && value !== null && value !== undefined && !Number.isNaN(value))
  .flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, typeof value === "number" ? showNumber(value) : value)]));

const link = (text, action) => make("button", { type: "button", class: "link", onclick: action }, text);

function openLife(...content) {
  const life = $("life");
  life.querySelector(".body").replaceChildren(...content.filter(Boolean));
  life.hidden = false;
  document.body.classList.add("with-life");
  clock.tell();
}

function closeLife() {
  $("life").hidden = true;
  replay.selected = null;
  document.body.classList.remove("with-life");
  clock.tell();
}

// In plain sentences: who wanted it, how long it waited, and what decided its place.
function whyTask(task, kind) {
  const waited = taskColumn("waited", task);
  const attempts = taskColumn("attempts", task);
  const failure = run.index.tasks.words[taskColumn("failure", task)];
  const toPlace = cluster.placed[task] - cluster.created[task];
  const on = cluster.on[task];
  const sentences = [kind.service ? `The service ${kind.service} wanted it.` : `${kind.source} asked for it (${kind.group}).`];
  if (attempts > 1) sentences.push(`It got its place at attempt ${showNumber(attempts)}, ${showSpan(waited)} after it was wanted; the last failed attempt failed on ${failure || "an unknown reason"}.`);
  else if (waited > 0.0005) sentences.push(`It was created ${showSpan(waited)} after it was wanted.`);
  if (toPlace > 0.0005) sentences.push(`It waited ${showSpan(toPlace)} in PROVISIONING until ${kind.provider || "its provider"} had capacity.`);
  if (on >= 0) {
    sentences.push(kind.provider ? `Its capacity provider ${kind.provider} confines it to that provider's instances.` : "It has no capacity provider: any instance of the cluster would do that has room and matches its constraints.");
    sentences.push(`Among those, the placement strategy chose ${cluster.names[on]}.`);
  } else if (kind.launchType === "FARGATE") sentences.push("It runs on Fargate: the subnets decide its zone.");
  return sentences.join(" ");
}

function showTask(task) {
  const kind = cluster.kinds[cluster.kind[task]];
  const on = cluster.on[task];
  const [stopCode, reason, exits, last, desired, health] = run.index.tasks.ends[taskColumn("end", task)] ?? [];
  replay.selected = { task, instance: on >= 0 ? on : undefined };
  const at = (name) => cluster.created[task] + taskColumn(name, task);
  openLife(
    make("h3", {}, `${kind.source}: ${nameOfTask(task)}`),
    idOfTask(task) ? make("p", { class: "dim id" }, idOfTask(task)) : null,
    make("p", {}, whyTask(task, kind)),
    steps([
      ["wanted", cluster.created[task] - taskColumn("waited", task)], ["created", cluster.created[task]], ["placed", at("placed")],
      ["PENDING", at("pending")], ["pull started", at("pullStarted")], ["pull complete", at("pullStopped")], ["RUNNING", at("started")],
      ["asked to stop", at("stopping")], ["last container exited", at("executionStopped")], ["STOPPED", at("stopped")],
    ]),
    facts([
      ["why it ended", stopCode ? `${stopCode}: ${reason}` : ""], ["exit codes", exits], ["status at the end", `${last}, wanted ${desired}`], ["health", health],
      ["instance", on >= 0 ? link(cluster.names[on], () => showInstance(on)) : ""], ["zone", on >= 0 ? cluster.word("zone", on) : run.index.tasks.words[cluster.zone[task]]],
      ["task definition", kind.definition], ["group", kind.group], ["started by", run.index.tasks.words[taskColumn("startedBy", task)]],
      ["provider", kind.provider], ["launch type", kind.launchType],
      ["reserves", `${showNumber(kind.cpu)} CPU units, ${showNumber(kind.memory)} MiB${kind.gpus ? `, ${kind.gpus} GPU` : ""}`],
      ["containers restarted", taskColumn("restarts", task) || ""], ["cost", taskColumn("cost", task)],
    ]),
    make("p", { class: "dim" }, "The whole decision, instance by instance: ", make("code", {}, `ecsim explain SCENARIO --task ${numberOfTask(task)}`)),
  );
}

// The decision of an auto scaler that an instance owes its launch to: the last one of its group before it.
function decisionBefore(owner, time) {
  const columns = run.columns;
  const at = columns.get("scaling.at");
  if (!at) return null;
  const { words } = run.index.scaling;
  const [owners, from, to, cause, kind] = ["owner", "from", "to", "cause", "kind"].map((name) => columns.get(`scaling.${name}`));
  for (let row = placeOf(at, time + 1e-6); row >= 0; row--) {
    if (words[owners[row]] === owner && to[row] > from[row]) return { time: at[row], text: `${words[kind[row]]}: ${words[cause[row]]}` };
  }
  return null;
}

const LEFT = {
  "scale-in": "Its group scaled in.", "spot-interruption": "Spot took it back.", "capacity-rebalance": "Its group replaced it after a rebalance recommendation.",
  user: "An operator terminated it.", unhealthy: "It failed its health check.", "az-rebalance": "Its group balanced its zones.",
};

function showInstance(instance) {
  const { names, word, machine } = cluster;
  const number = (name) => machine(name)[instance];
  const now = clock.now;
  replay.selected = { instance };
  const group = word("group", instance);
  const launched = number("launched");
  let why = "The scenario has it from the start.";
  let decision = null;
  if (Number.isFinite(launched)) {
    const owner = group || word("provider", instance);
    decision = decisionBefore(owner, launched);
    why = `${owner} launched it ${launched === 0 ? "at the start, to reach its desired capacity." : "to reach its desired capacity."}`;
  } else if (number("registered") > 0) why = "The timeline of the scenario brought it.";
  const reason = word("reason", instance);
  const blocks = blocksOf(instance, now);
  const tasks = [];
  for (let at = cluster.starts[instance]; at < cluster.starts[instance + 1]; at++) tasks.push(cluster.byInstance[at]);
  openLife(
    make("h3", {}, names[instance]),
    make("p", { class: "dim id" }, run.index.instances.ec2[instance]),
    make("p", {}, why, decision ? ` The decision: “${decision.text}” ` : "", decision ? link(showTime(decision.time), () => clock.seek(decision.time)) : ""),
    reason ? make("p", {}, `It left: ${reason}. ${LEFT[reason] ?? ""}`) : null,
    steps([
      ["launched", launched], ["registered", number("registered")], ["InService", number("inService")], ["Spot interruption notice", number("notice")],
      ["set to DRAINING", number("draining")], ["INACTIVE", number("deregistered")], ["terminated", number("terminated")],
    ]),
    facts([
      ["type", word("type", instance)], ["zone", word("zone", instance)], ["purchase option", word("purchase", instance)], ["Auto Scaling group", group],
      ["provider", word("provider", instance)], ["status at the end", [word("status", instance), word("lifecycle", instance)].filter(Boolean).join(", ")],
      ["registered", `${showNumber(number("cpu"))} CPU units, ${showNumber(number("memory"))} MiB${number("gpus") ? `, ${number("gpus")} GPU` : ""}`],
      ["CPU reserved, mean %", number("meanCpu")], ["memory reserved, mean %", number("meanMemory")], ["busy", showSpan(number("busy"))],
      ["tasks placed", number("placed")], ["at most at a time", number("peak")], ["cost", number("cost")],
    ]),
    make("h4", {}, `At ${showTime(now)}: ${blocks.length} tasks`),
    make("ul", { class: "tasks" }, ...blocks.slice(0, 40).map(({ task, phase }) => make("li", {},
      link(`${cluster.kinds[cluster.kind[task]].source}, ${nameOfTask(task)}`, () => showTask(task)), phase === "running" ? "" : ` ${phase}`))),
    blocks.length > 40 ? make("p", { class: "dim" }, `and ${blocks.length - 40} more; click their blocks`) : null,
    make("h4", {}, `In all: ${tasks.length} tasks`),
    make("details", {}, make("summary", {}, "list"), make("ul", { class: "tasks" }, ...tasks.slice(-200).map((task) => make("li", {},
      link(`${cluster.kinds[cluster.kind[task]].source}, ${nameOfTask(task)}`, () => { clock.seek(cluster.placed[task]); showTask(task); }),
      make("span", { class: "dim" }, ` from ${showTime(cluster.placed[task])}`)))),
      tasks.length > 200 ? make("p", { class: "dim" }, `the latest 200 of ${tasks.length}; the others are in tasks.csv`) : null),
  );
}

// Finds an instance by name or EC2 id, a task by number or the beginning of its id.
function find(text) {
  const wanted = text.trim().toLowerCase();
  if (!wanted) return;
  const exact = cluster.names.findIndex((name, i) => name.toLowerCase() === wanted || run.index.instances.ec2[i].toLowerCase() === wanted);
  if (exact >= 0) return visit(() => showInstance(exact), cluster.begin[exact], cluster.end[exact]);
  const number = /^(task\s*)?\d+$/.test(wanted) ? +wanted.replace(/\D/g, "") : NaN;
  const numbers = run.columns.get("tasks.number") ?? [];
  for (let task = 0; task < cluster.tasks; task++) {
    if (numbers[task] === number) return visit(() => showTask(task), cluster.placed[task], stoppedAt(task));
  }
  if (/^[0-9a-f]{4,32}$/.test(wanted) && run.columns.has("tasks.id")) {
    for (let task = 0; task < cluster.tasks; task++) {
      if (idOfTask(task).startsWith(wanted)) return visit(() => showTask(task), cluster.placed[task], stoppedAt(task));
    }
  }
  const near = cluster.names.findIndex((name) => name.toLowerCase().includes(wanted));
  if (near >= 0) return visit(() => showInstance(near), cluster.begin[near], cluster.end[near]);
  openLife(make("p", {}, `Neither an instance nor a task is called “${text}”.`));
}

// Goes to a time at which it can be seen.
function visit(show, begin, end) {
  if (!(clock.now >= begin && clock.now < end)) clock.seek(Number.isFinite(begin) ? begin : 0);
  show();
}

function beginFind() {
  $("found").replaceChildren(...cluster.names.slice(0, 500).map((name) => make("option", { value: name })));
  $("find").onchange = (event) => find(event.target.value);
  $("life").querySelector(".close").onclick = closeLife;
}
