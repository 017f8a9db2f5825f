// SPDX-License-Identifier: GPL-3.0-or-later
"use strict";

// Boxes with lines to paste: a button copies the line, or selects it where copying is not allowed.
for (const box of document.querySelectorAll(".paste")) {
  const text = box.querySelector("pre");
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "Copy";
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text.textContent);
      button.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(text);
      button.textContent = "Selected";
    }
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  });
  box.append(button);
}

// The devices of a page: base64 of zlib of JSON with one column for each key.
async function unpack(element) {
  const packed = Uint8Array.from(atob(element.textContent.trim()), (c) => c.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  const data = await new Response(stream).json();
  const columns = new Map(data.columns.map((column) => [column.key, readColumn(column)]));
  return { count: data.count, columns, classes: data.classes };
}

// A column has text and order (what to sort by) of each row, and finds the rows with a text.
function readColumn(column) {
  if (column.words) {
    const { words, at } = column;
    const rank = new Map([...words].sort().map((word, place) => [word, place]));
    const ranks = words.map((word) => rank.get(word));
    return {
      label: column.label, words, at,
      text: (row) => words[at[row]],
      order: (row) => ranks[at[row]],
      finder: (wanted) => {
        const hits = words.map((word) => word.toLowerCase().includes(wanted));
        return hits.includes(true) ? (row) => hits[at[row]] : null;
      },
    };
  }
  if (column.deltas) {
    let last = 0;
    const numbers = column.deltas.map((delta) => (last += delta));
    const text = (row) => String(numbers[row]).padStart(column.digits, "0");
    return plain(column.label, text, (row) => numbers[row], /^\d+$/);
  }
  if (column.minutes) {
    let last = 0;
    const moments = column.minutes.map((delta) => (delta === null ? null : (last += delta)));
    const text = (row) => (moments[row] === null ? ""
      : new Date(moments[row] * 60000).toISOString().slice(0, 16).replace("T", " "));
    return plain(column.label, text, (row) => moments[row] ?? Infinity, /^[\d :-]+$/);
  }
  return plain(column.label, (row) => column.texts[row], (row) => column.texts[row], /./);
}

function plain(label, text, order, possible) {
  const finder = (wanted) =>
    possible.test(wanted) ? (row) => text(row).toLowerCase().includes(wanted) : null;
  return { label, text, order, finder };
}

const SPARE = 12; // rows drawn above and below those that are seen

class DeviceTable {
  constructor(root, data) {
    this.root = root;
    this.data = data;
    this.keys = root.dataset.keys.split(" ");
    this.scroll = root.querySelector(".scroll");
    this.table = root.querySelector("table");
    this.body = root.querySelector("tbody");
    this.search = root.querySelector("input");
    this.outcome = root.querySelector("select");
    this.output = root.querySelector("output");
    this.sorted = { key: "", down: false };
    const outcomes = data.columns.get("class");
    const only = root.dataset.only.split(" ").filter(Boolean);
    const urgency = data.classes.map(({ kind }) => only.indexOf(kind));
    this.rows = Array.from({ length: data.count }, (_, row) => row);
    if (only.length) {
      this.rows = this.rows.filter((row) => urgency[outcomes.at[row]] >= 0)
        .sort((a, b) => urgency[outcomes.at[a]] - urgency[outcomes.at[b]] || a - b);
    }
    this.kept = this.rows;
    this.fillOutcomes(outcomes);
    this.makeHeads();
    this.search.addEventListener("input", () => this.filter());
    this.outcome.addEventListener("change", () => this.filter());
    let due = false;
    this.scroll.addEventListener("scroll", () => {
      if (due) return;
      due = true;
      requestAnimationFrame(() => { due = false; this.draw(); });
    }, { passive: true });
    root.querySelector(".tools").hidden = false;
    root.querySelector(".first-rows")?.remove();
    this.height = 0;
    this.filter();
  }

  fillOutcomes(outcomes) {
    const counts = new Map();
    for (const row of this.rows) counts.set(outcomes.at[row], (counts.get(outcomes.at[row]) ?? 0) + 1);
    for (const [place, count] of [...counts].sort((a, b) => b[1] - a[1])) {
      const option = document.createElement("option");
      option.value = place;
      option.textContent = `${outcomes.words[place]} (${count.toLocaleString("en-US")})`;
      this.outcome.append(option);
    }
  }

  makeHeads() {
    const heads = this.root.querySelectorAll("thead th");
    this.keys.forEach((key, place) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = heads[place].textContent;
      button.addEventListener("click", () => {
        const down = this.sorted.key === key && !this.sorted.down;
        this.sorted = { key, down };
        heads.forEach((head) => head.removeAttribute("aria-sort"));
        heads[place].setAttribute("aria-sort", down ? "descending" : "ascending");
        this.order();
      });
      heads[place].replaceChildren(button);
    });
  }

  filter() {
    const wanted = this.search.value.trim().toLowerCase();
    const outcome = this.outcome.value === "" ? null : Number(this.outcome.value);
    const classes = this.data.columns.get("class").at;
    const columns = this.keys.map((key) => this.data.columns.get(key));
    const finders = wanted ? columns.map((column) => column.finder(wanted)).filter(Boolean) : null;
    this.kept = this.rows.filter((row) =>
      (outcome === null || classes[row] === outcome)
      && (finders === null || finders.some((found) => found(row))));
    const [kept, all] = [this.kept.length, this.rows.length].map((n) => n.toLocaleString("en-US"));
    this.output.textContent = kept === all ? `${all} devices` : `${kept} of ${all} devices`;
    this.order();
  }

  order() {
    if (this.sorted.key) {
      const { order } = this.data.columns.get(this.sorted.key);
      const way = this.sorted.down ? -1 : 1;
      const keyed = this.kept.map((row) => [order(row), row]);
      keyed.sort((a, b) => (a[0] < b[0] ? -way : a[0] > b[0] ? way : a[1] - b[1]));
      this.kept = keyed.map((pair) => pair[1]);
    }
    this.scroll.scrollTop = 0;
    this.draw();
  }

  draw() {
    if (!this.height) {
      this.body.replaceChildren(...(this.kept.length ? [this.line(0)] : []));
      this.height = this.body.firstChild?.getBoundingClientRect().height ?? 0;
    }
    const seen = Math.ceil(this.scroll.clientHeight / (this.height || 30)) + 1;
    const first = Math.max(0, Math.floor(this.scroll.scrollTop / (this.height || 30)) - SPARE);
    const last = Math.min(this.kept.length, first + seen + 2 * SPARE);
    const lines = [];
    for (let place = first; place < last; place += 1) lines.push(this.line(place));
    this.body.replaceChildren(this.gap(first), ...lines, this.gap(this.kept.length - last));
    this.table.setAttribute("aria-rowcount", String(this.kept.length + 1));
  }

  gap(rows) {
    const line = document.createElement("tr");
    line.className = "gap";
    line.setAttribute("aria-hidden", "true");
    line.hidden = rows === 0;
    const cell = document.createElement("td");
    cell.colSpan = this.keys.length;
    cell.style.height = `${rows * this.height}px`;
    line.append(cell);
    return line;
  }

  line(place) {
    const row = this.kept[place];
    const line = document.createElement("tr");
    line.setAttribute("aria-rowindex", String(place + 2));
    for (const key of this.keys) {
      const cell = document.createElement("td");
      const text = document.createElement("bdi");
      cell.className = key;
      const words = this.data.columns.get(key).text(row);
      if (key === "class") text.append(this.dot(row));
      text.append(words);
      if (words.length > 24) cell.title = words;
      cell.append(text);
      line.append(cell);
    }
    return line;
  }

  dot(row) {
    const kind = this.data.classes[this.data.columns.get("class").at[row]].group;
    const dot = this.root.ownerDocument.createElementNS("http://www.w3.org/2000/svg", "svg");
    dot.setAttribute("class", "dot");
    dot.setAttribute("aria-hidden", "true");
    const square = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    for (const [name, value] of Object.entries({ class: kind, width: "100%", height: "100%", rx: "2" })) {
      square.setAttribute(name, value);
    }
    dot.append(square);
    return dot;
  }
}

const sources = new Map();
for (const root of document.querySelectorAll(".devices[data-source]")) {
  const id = root.dataset.source;
  const element = document.getElementById(id);
  if (!element || typeof DecompressionStream === "undefined") continue;
  if (!sources.has(id)) sources.set(id, unpack(element));
  sources.get(id).then((data) => {
    new DeviceTable(root, data);
    root.dataset.ready = "yes";
  });
}
