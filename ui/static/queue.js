// The questions whose judgement teaches most, one after the other: right, wrong, skip, back.

import { get } from "./net.js";
import { element, failed, one } from "./dom.js";
import { judge } from "./judging.js";
import * as teach from "./teach.js";

const KEPT = "folioscope-queue"; // this tab's place in the list survives a reload
let items = null, at = 0, judged = 0, source = "", asking = null, drawn = null;

const box = () => one(".queue");
const keep = () => { try { sessionStorage.setItem(KEPT, JSON.stringify({ items, at, judged, source })); } catch { /* full or forbidden: then a reload begins anew */ } };

export function start() {
  box().addEventListener("click", clicked);
  try {
    const held = JSON.parse(sessionStorage.getItem(KEPT) || "null");
    if (held?.items && held.at < held.items.length) ({ items, at, judged, source } = held);
  } catch { sessionStorage.removeItem(KEPT); }
}

// `model`: the answers that only this Model found; else what would teach most.
export async function show({ model = "", fresh = false } = {}) {
  box().hidden = false;
  if (items && !fresh && source === model) { if (drawn !== (items[at] ?? items)) draw(); return; }
  if (asking && !fresh && source === model) return; // it is on its way
  asking?.abort();
  const mine = asking = new AbortController();
  source = model;
  items = drawn = null;
  box().replaceChildren(element("p", { class: "sub" }, "Looking for the questions that teach most…"));
  try {
    const found = await get("/api/queue", { model }, mine.signal);
    items = found.items;
    at = judged = 0;
    keep();
    draw(found.empty);
  } catch (error) {
    if (error.name !== "AbortError") box().replaceChildren(element("p", { class: "note" }, error.message), again("Try again"));
  } finally { if (asking === mine) asking = null; }
}

export function hide() { box().hidden = true; }
// Called when the place is entered: a list that is through is looked for anew, for much may have been asked since.
export function enter() { if (items && at >= items.length) items = null; }

const again = (text) => element("button", { type: "button", class: "btn", "data-act": "more" }, text);

function draw(empty = "") {
  const item = items[at], held = box().contains(document.activeElement) ? document.activeElement.dataset.judge : null;
  drawn = item ?? items;
  if (item) {
    const counter = `Question ${at + 1} of ${items.length} ${source ? "that only the new model answers so" : "that would teach most"} · ${item.reason}`;
    box().innerHTML = item.html;
    box().prepend(element("p", { class: "sub num counter", role: "status" }, counter));
    if (held) one(`[data-judge="${held}"]`, box())?.focus({ preventScroll: true });
    place(item);
    return;
  }
  box().replaceChildren();
  if (!items.length) box().append(element("h2", {}, "Nothing to judge here yet"), element("p", { class: "sub" }, empty));
  else {
    const through = judged === 1 ? "1 answer judged" : `${judged} answers judged`;
    box().append(element("h2", {}, "That is all for now"), element("p", { class: "sub num" }, `${through}. Every question you ask can bring new ones.`));
    const row = element("div", { class: "row acts" }, again("Look for more"));
    box().append(row);
  }
}

// The place on the page, as the page view marks it.
async function place(item) {
  try {
    const { box: found } = await get(`/api/place/${item.page}`, { q: item.query });
    const picture = items[at] === item && one(".pic.large", box());
    if (!found || !picture || (found[2] - found[0]) * (found[3] - found[1]) >= 0.6) return;
    const mark = element("span", { class: "box" }), [x0, y0, x1, y1] = found.map((part) => part * 100);
    Object.assign(mark.style, { left: `${x0}%`, top: `${y0}%`, width: `${x1 - x0}%`, height: `${y1 - y0}%` });
    picture.append(mark);
  } catch { /* no place: the whole page is shown */ }
}

function clicked(event) {
  const act = event.target.closest("[data-act]")?.dataset.act, verdict = event.target.closest("[data-judge]")?.dataset.judge;
  if (verdict) return answer(verdict);
  if (act === "more") return show({ model: source, fresh: true });
  if (act === "teach") {
    const item = items[at];
    // the page shown was not it: that is a judgement too, and goes with the right one
    teach.open(item.query, (page, value) => { if (value && items[at] === item) { if (page === item.page) step(); else answer("wrong"); } });
  }
}

function step() { at += 1; keep(); draw(); box().scrollIntoView({ block: "nearest" }); }

async function answer(verdict) {
  const item = items?.[at], mine = at;
  if (!item) return;
  if (verdict === "skip") return step();
  const paint = (value) => {
    if (value !== null) return;
    at = mine; // taken back, or it failed: the question stands here again
    judged = Math.max(0, judged - 1);
    keep();
    draw();
  };
  judged += 1;
  step();
  await judge({ query: item.query, page: item.page, before: null, value: verdict === "right", paint });
}

export function key(event) {
  if (box().hidden || !items?.[at]) return false;
  const verdict = { r: "right", w: "wrong", s: "skip" }[event.key.toLowerCase()];
  if (!verdict) return false;
  answer(verdict).catch(failed);
  return true;
}
