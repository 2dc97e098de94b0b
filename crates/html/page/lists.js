// The lists of scaling decisions and of events: filtered, some hundred rows at a time, on the clock of the replay.

const ROWS = 200;

class List {
  constructor({ id, count, kinds, kindOf, textOf, head, row, timeOf, off = [] }) {
    Object.assign(this, { id, count, kindOf, textOf, head, row, timeOf });
    this.shown = ROWS;
    this.on = new Set(kinds.filter((kind) => !off.includes(kind)));
    const numbers = new Map(kinds.map((kind) => [kind, 0]));
    for (let at = 0; at < count; at++) numbers.set(kindOf(at), numbers.get(kindOf(at)) + 1);
    $(`${id}-kinds`).replaceChildren(...kinds.filter((kind) => numbers.get(kind)).map((kind) => make("button", {
      type: "button", "aria-pressed": String(this.on.has(kind)),
      onclick: (event) => {
        if (this.on.has(kind)) this.on.delete(kind);
        else this.on.add(kind);
        event.currentTarget.setAttribute("aria-pressed", String(this.on.has(kind)));
        this.fill();
      },
    }, `${kind} `, make("span", { class: "dim" }, showNumber(numbers.get(kind))))));
    $(`${id}-filter`).oninput = () => this.fill();
    this.fill();
  }

  fill(more = false) {
    this.shown = more ? this.shown + ROWS : ROWS;
    const wanted = $(`${this.id}-filter`).value.toLowerCase();
    const from = $(`${this.id}-from`)?.checked ? clock.now : -Infinity;
    const rows = [];
    for (let at = 0; at < this.count; at++) {
      if (this.timeOf(at) < from || !this.on.has(this.kindOf(at))) continue;
      if (wanted && !this.textOf(at).toLowerCase().includes(wanted)) continue;
      rows.push(at);
    }
    $(`${this.id}-count`).textContent = `${showNumber(rows.length)} of ${showNumber(this.count)}`;
    const shown = rows.slice(0, this.shown);
    const body = make("tbody", {}, ...shown.map((at) => this.row(at)));
    const table = make("table", {}, make("thead", {}, make("tr", {}, ...this.head.map(([title, kind]) => make("th", { class: kind }, title)))), body);
    const rest = rows.length - shown.length;
    $(`${this.id}-table`).replaceChildren(table, ...(rest ? [make("button", { type: "button", onclick: () => this.fill(true) }, `show ${Math.min(rest, ROWS)} more of ${showNumber(rest)}`)] : []));
    if (!rows.length) body.append(make("tr", {}, make("td", { colspan: this.head.length, class: "dim" }, this.count ? "nothing matches" : "nothing happened")));
  }
}

const timeCell = (time) => make("td", {}, make("button", { type: "button", class: "time", title: "Show this moment in the replay", onclick: () => clock.seek(time) }, showTime(time)));

function beginLists() {
  const { columns, index } = run;
  const scaling = (name) => columns.get(`scaling.${name}`) ?? [];
  const word = (name, at) => index.scaling.words[scaling(name)[at]] ?? "";
  // As the file has it where it is short, else rounded.
  const figure = (text) => make("td", { class: "number", title: text }, text.length > 7 && Number.isFinite(+text) ? showNumber(+text) : text);
  const whole = (value) => (Number.isFinite(value) ? showNumber(value) : "");
  new List({
    id: "scaling", count: scaling("at").length,
    kinds: [...new Set(Array.from(scaling("kind"), (kind) => index.scaling.words[kind]))].sort(),
    kindOf: (at) => word("kind", at),
    textOf: (at) => ["owner", "kind", "policy", "metric", "cause"].map((name) => word(name, at)).join(" "),
    timeOf: (at) => scaling("at")[at],
    head: [["time", ""], ["of", ""], ["decision", ""], ["capacity", "number"], ["metric", ""], ["value", "number"], ["target", "number"], ["arithmetic, or why not", ""]],
    row: (at) => {
      const from = scaling("from")[at];
      const to = scaling("to")[at];
      const count = scaling("count")[at];
      const change = Number.isFinite(to) ? `${whole(from)} → ${whole(to)}` : whole(from);
      return make("tr", { class: to > from ? "up" : to < from ? "down" : "" }, timeCell(scaling("at")[at]), make("td", {}, word("owner", at)),
        make("td", {}, word("kind", at), word("policy", at) ? make("div", { class: "dim" }, word("policy", at)) : null, count > 1 ? ` ×${count}` : ""),
        make("td", { class: "number" }, change), make("td", {}, word("metric", at)),
        figure(word("value", at)), figure(word("target", at)), make("td", { class: "wide" }, word("cause", at)));
    },
  });
  const event = (name) => columns.get(`events.${name}`) ?? [];
  const text = (name, at) => index.events.words[event(name)[at]] ?? "";
  const events = new List({
    id: "events", count: event("at").length, kinds: index.events.kinds, off: ["task"],
    kindOf: (at) => index.events.kinds[event("kind")[at]],
    textOf: (at) => `${text("who", at)} ${text("text", at)}`,
    timeOf: (at) => event("until")[at],
    head: [["time", ""], ["kind", ""], ["who", ""], ["what", ""], ["", "number"]],
    row: (at) => {
      const subject = event("subject")[at];
      const show = () => (subject % 2 ? showTask((subject - 1) / 2) : showInstance(subject / 2));
      const name = Number.isFinite(subject) ? (subject % 2 ? nameOfTask((subject - 1) / 2) : cluster.names[subject / 2]) : "";
      const count = event("count")[at];
      const until = event("until")[at];
      const time = event("at")[at];
      return make("tr", { class: index.events.kinds[event("kind")[at]] }, timeCell(time), make("td", {}, index.events.kinds[event("kind")[at]]), make("td", {}, text("who", at)),
        make("td", { class: "wide" }, text("text", at), " ", name ? link(name, () => { clock.seek(time); show(); }) : null,
          count > 1 ? make("span", { class: "dim" }, ` and ${count - 1} more${until > time ? ` until ${showTime(until)}` : ""}`) : null),
        make("td", { class: "number" }, count > 1 ? `×${showNumber(count)}` : ""));
    },
  });
  $("events-from").onchange = () => events.fill();
  let last = 0;
  clock.listeners.push((now) => {
    if (!$("events-from").checked || performance.now() - last < 300) return;
    last = performance.now();
    if (now >= 0) events.fill();
  });
}
