// Shows a loop with its four phases, or the list of loops. Data goes into the page as text only.
"use strict";

const PHASES = ["sense", "decide", "act", "measure"];
const LOOK_AGAIN_MS = 2000;

const page = document.getElementById("page");
const id = new URLSearchParams(location.search).get("id");

function element(name, ...content) {
  const made = document.createElement(name);
  made.append(...content); // strings become text, never markup
  return made;
}

function styled(className, name, ...content) {
  const made = element(name, ...content);
  made.className = className;
  return made;
}

function linkTo(loop) {
  const link = element("a", loop);
  link.href = "/loops.html?id=" + encodeURIComponent(loop);
  return link;
}

function when(instant) {
  const made = element("time", new Date(instant).toLocaleString());
  made.dateTime = instant;
  made.title = instant;
  return made;
}

async function read(path) {
  const answer = await fetch(path, { headers: { Accept: "application/json" } });
  const body = await answer.json();
  if (!answer.ok) {
    throw new Error(body.detail ?? "The node answered " + answer.status + ".");
  }
  return body;
}

function row(...cells) {
  return element("tr", ...cells.map((cell) => element("td", cell)));
}

function facts(loop) {
  const known = [
    ["State", loop.state],
    ["About", [loop.entityType, loop.entityId].filter(Boolean).join(" ")],
    ["Began with", loop.eventType],
    ["Priority", loop.priority],
    ["Began", when(loop.firstAt)],
    ["Last step", when(loop.lastAt)],
    ["Time to close", loop.secToClose === undefined ? "" : loop.secToClose + " s"],
    ["Effect", loop.effect === undefined ? "" : Math.round(loop.effect * 100) + " % of the distance is gone"],
  ].filter(([, value]) => value);
  return element("table", element("tbody", ...known.map(([name, value]) => row(name, value))));
}

function step(one) {
  const detail = element("details", element("summary", "detail"), element("pre", JSON.stringify(one.detail, null, 2)));
  const moment = when(one.at);
  moment.append(" · after " + one.sinceStartSec + " s");
  return element("li", one.what, moment, detail);
}

function phase(name, steps) {
  const list = steps.length === 0 ? styled("empty", "p", "nothing yet") : element("ol", ...steps.map(step));
  return element("section", element("h2", name), list);
}

async function showLoop() {
  let shown = "";
  const look = async () => {
    const loop = await read("/api/v1/loops/" + encodeURIComponent(id));
    const state = loop.state + " " + loop.steps.length;
    if (state !== shown) {
      shown = state;
      const phases = styled("phases", "div", ...PHASES.map((name) => phase(name, loop[name])));
      page.replaceChildren(element("h1", loop.correlationId), facts(loop), phases);
    }
    if (loop.state === "open") {
      setTimeout(() => look().catch(fail), LOOK_AGAIN_MS);
    }
  };
  await look();
}

async function showList() {
  const rows = element("tbody");
  const more = element("button", "More");
  let cursor = null;
  const next = async () => {
    const query = cursor === null ? "" : "&cursor=" + encodeURIComponent(cursor);
    const loops = await read("/api/v1/loops?limit=100" + query);
    cursor = loops.nextCursor;
    more.hidden = cursor === null;
    for (const loop of loops.items) {
      rows.append(row(linkTo(loop.correlationId), loop.entityId ?? "", loop.priority ?? "", loop.state, when(loop.firstAt)));
    }
    if (rows.childElementCount === 0) {
      rows.append(row(styled("empty", "span", "There is no loop yet.")));
    }
  };
  more.addEventListener("click", () => next().catch(fail));
  const titles = ["Loop", "About", "Priority", "State", "Began"].map((title) => element("th", title));
  page.replaceChildren(
    element("h1", "Loops"),
    element("table", element("thead", element("tr", ...titles)), rows),
    more,
  );
  await next();
}

function fail(error) {
  page.prepend(styled("problem", "p", error.message));
}

(id ? showLoop() : showList()).catch(fail);
