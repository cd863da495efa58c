"use strict";

// what is shown of the last 15 minutes: title (which may depend on the last sample), unit, the fields of a sample
const CHARTS = [
  ["events decided", "/s", ["events"]],
  ["deliveries", "/s", ["deliveries"]],
  [(last) => (last?.sinceCommit ? "commit" : "insert") + " to subscriber, p50 and p99", "ms", ["p50", "p99"]],
  ["positions above the head", "", ["lag"]],
  ["subscribers", "", ["subscribers"]],
  ["notifications arrive", "", ["listening"]],
];
const MINUTES = 15;

const byId = (id) => document.getElementById(id);
const number = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });
let source = null;
let full = false;

function connect() {
  source = new EventSource("/dashboard/events");
  source.onopen = () => state("open", "live");
  // the node ends the stream after this, and is asked again
  source.addEventListener("full", () => {
    full = true;
    state("lost", "as many as can be are looking at this node");
  });
  source.onerror = () => {
    if (!full) {
      state("lost", "the node does not answer");
    }
    full = false;
    // EventSource gives up on a refusal, and does not say which
    if (source.readyState === EventSource.CLOSED) {
      askForToken();
    }
  };
  source.addEventListener("nodes", (event) => showNodes(JSON.parse(event.data)));
  source.addEventListener("series", (event) => {
    for (const [node, samples] of Object.entries(JSON.parse(event.data))) {
      showSeries(node, samples);
    }
  });
}

function state(name, text) {
  document.body.dataset.state = name;
  byId("state-text").textContent = text;
}

// --- signing in ---

async function askForToken() {
  const answer = await fetch("/dashboard/events", { method: "HEAD" }).catch(() => null);
  if (answer && (answer.status === 401 || answer.status === 403)) {
    state("lost", "sign in");
    byId("session").hidden = false;
    byId("token").focus();
  } else {
    setTimeout(connect, 2000);
  }
}

let token = "";

byId("session").addEventListener("submit", async (event) => {
  event.preventDefault();
  token = byId("token").value;
  byId("token").value = "";
  const answer = await fetch("/v1/session", {
    method: "POST",
    headers: { Authorization: "Bearer " + token },
  }).catch(() => null);
  if (answer && answer.ok) {
    byId("session-problem").textContent = "";
    byId("session").hidden = true;
    connect();
  } else {
    byId("session-problem").textContent = "this token is not accepted";
  }
});

// --- a node ---

function card(name) {
  for (const node of document.querySelectorAll(".node")) {
    if (node.dataset.node === name) {
      return node;
    }
  }
  const node = byId("node").content.firstElementChild.cloneNode(true);
  node.dataset.node = name;
  node.querySelector(".name").textContent = name;
  node.querySelector(".drain").addEventListener("click", () => drain(node, name));
  byId("nodes").append(node);
  return node;
}

function showNodes(views) {
  const names = views.map((view) => view.node);
  for (const node of document.querySelectorAll(".node")) {
    // not heard of for some time: it was stopped, or is cut off
    node.classList.toggle("silent", !names.includes(node.dataset.node));
  }
  views.forEach(showNode);
}

function showNode(view) {
  const node = card(view.node);
  const worst = view.alerts.length > 0 ? view.alerts[0].severity.toLowerCase() : "";
  const pill = node.querySelector(".pill");
  pill.textContent = view.flags.draining ? "draining" : view.flags.ready ? "ready" : "not ready";
  pill.dataset.level = view.flags.ready ? worst : view.flags.draining ? "note" : "critical";
  node.querySelector(".version").textContent = view.version;
  node.querySelector(".drain").disabled = view.flags.draining;
  replace(node.querySelector(".alerts"), view.alerts.map(alertItem));
  replace(node.querySelector(".figures"), figures(view).map(figure));
  replace(node.querySelector(".parts"), view.parts.map((part) => partRow(part, view.at)));
  const slowest = node.querySelector(".slowest");
  slowest.closest(".scroll").hidden = view.slowest.length === 0;
  replace(slowest, view.slowest.map(slowRow));
}

function alertItem(alert) {
  const item = element("li", alert.text);
  item.dataset.level = alert.severity.toLowerCase();
  return item;
}

function figures(view) {
  const f = view.figures;
  return [
    ["head", f.head],
    ["above the head", number.format(f.lag)],
    ["live", number.format(f.live)],
    ["catching up", number.format(f.catchingUp)],
    ["behind", number.format(f.behind)],
    ["open streams", number.format(f.streams)],
    ["ring", number.format(f.ringEvents) + " events, " + bytes(f.ringBytes)],
    ["partitions", number.format(f.partitions)],
    ["log size", f.logBytes === undefined ? "–" : bytes(f.logBytes)],
    ["oldest event", f.oldestAt === undefined ? "–" : length(view.at - f.oldestAt) + " ago"],
  ];
}

function figure([name, value]) {
  const pair = document.createElement("div");
  pair.append(element("dt", name), element("dd", value));
  return pair;
}

function partRow(part, now) {
  const row = document.createElement("tr");
  row.dataset.well = part.well;
  const stateCell = element("td", part.state + (part.since ? " for " + length(now - part.since) : ""));
  stateCell.className = "state";
  const failure = part.failure ? length(now - part.failedAt) + " ago: " + part.failure : "";
  row.append(
    element("td", part.name),
    stateCell,
    element("td", number.format(part.restarts)),
    element("td", failure),
    element("td", part.detail),
  );
  return row;
}

function slowRow(one) {
  const row = document.createElement("tr");
  row.append(
    element("td", "no. " + one.number),
    element("td", one.state),
    element("td", number.format(one.distance) + " positions"),
    element("td", length(one.silent) + " ago"),
    element("td", length(one.open)),
  );
  return row;
}

async function drain(node, name) {
  if (!confirm("Drain " + name + "? Its clients go to other nodes; it takes no more until it is restarted.")) {
    return;
  }
  const headers = token ? { Authorization: "Bearer " + token } : {};
  const answer = await fetch("/v1/nodes/" + encodeURIComponent(name) + "/drain", { method: "POST", headers }).catch(() => null);
  if (answer && answer.status === 401) {
    // a cookie is not enough to change anything
    byId("session").hidden = false;
    byId("session-problem").textContent = "sign in again to drain";
    byId("token").focus();
  } else if (!answer || !answer.ok) {
    alert("not drained: " + (answer ? answer.status : "no answer"));
  }
}

// --- the last minutes ---

function showSeries(name, samples) {
  const charts = card(name).querySelector(".charts");
  replace(charts, CHARTS.map(([title, unit, fields]) => chart(title, unit, fields, samples)));
}

const SVG = "http://www.w3.org/2000/svg";

function chart(titled, unit, fields, samples) {
  const title = typeof titled === "function" ? titled(samples.at(-1)) : titled;
  const values = (field) => samples.map((sample) => Number(sample[field]));
  const top = Math.max(1, ...fields.flatMap(values));
  const last = fields.map((field) => (samples.length ? number.format(values(field).at(-1)) : "–"));
  const caption = document.createElement("figcaption");
  caption.append(element("span", title), element("b", last.join(" / ") + " " + unit));
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 900 100");
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", title + ", at most " + number.format(top) + " " + unit);
  const end = samples.length ? samples.at(-1).at : 0;
  fields.forEach((field, index) => {
    const path = document.createElementNS(SVG, "path");
    const points = samples.map((sample) => {
      const x = 900 - ((end - sample.at) / (MINUTES * 60)) * 900;
      const y = 97 - (Number(sample[field]) / top) * 94;
      return x.toFixed(1) + " " + y.toFixed(1);
    });
    path.setAttribute("d", points.length > 1 ? "M" + points.join("L") : "");
    path.setAttribute("class", index === 0 ? "first" : "second");
    svg.append(path);
  });
  const whole = document.createElement("figure");
  whole.append(caption, svg);
  return whole;
}

// --- small things ---

function element(name, text) {
  const made = document.createElement(name);
  made.textContent = text;
  return made;
}

function replace(parent, children) {
  parent.replaceChildren(...children);
}

function length(millis) {
  const seconds = Math.max(0, Math.round(millis / 1000));
  if (seconds < 120) {
    return seconds + " s";
  }
  if (seconds < 7200) {
    return Math.round(seconds / 60) + " min";
  }
  return seconds < 172800 ? Math.round(seconds / 3600) + " h" : Math.round(seconds / 86400) + " days";
}

function bytes(count) {
  if (count < 1 << 20) {
    return number.format(count / 1024) + " KiB";
  }
  return count < 2 ** 30 ? number.format(count / 2 ** 20) + " MiB" : number.format(count / 2 ** 30) + " GiB";
}

connect();
