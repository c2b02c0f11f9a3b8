// The Search tab: asks, lists, moves through the answers, judges them.

import { get, post } from "./net.js";
import { address, all, element, failed, move, narrow, one } from "./dom.js";
import * as judging from "./judging.js";
import * as teach from "./teach.js";
import * as view from "./view.js";

let asked = null;        // the answers on the screen: {query, hits, …}
let current = null;      // the page shown
let listed = null;       // the answer that was marked last in the list
let running = null;      // AbortController of the question on its way
let last = "route";      // how the page was reached
let silent = false;      // nobody answered what stands in the address
let hasDocuments = null; // null until the first status

const entry = (page) => asked?.hits.find((hit) => hit.page === page) || null;
const key_of = ({ q = "", kind = "", document = "", tag = "" }) => JSON.stringify([q, kind, document, tag]);
export const title = () => (asked?.query ? `${asked.query} · Folioscope` : "Folioscope");

export function start() {
  const form = one(".ask[role=search]");
  form.addEventListener("submit", (event) => { event.preventDefault(); submit(); });
  one("#q").addEventListener("search", () => { if (!one("#q").value) submit(); });
  one(".chips").addEventListener("click", (event) => {
    const chip = event.target.closest("[data-kind]");
    if (chip) { choose(chip.dataset.kind); submit(); }
  });
  for (const id of ["#pick-document", "#pick-tag"]) one(id).addEventListener("change", submit);
  const tab = one("#tab-search");
  tab.addEventListener("click", clicked);
  view.start(one(".view"), { leave, go: (page) => select(page, { from: "step" }) });
}

function choose(kind) {
  for (const chip of all(".chips [data-kind]")) {
    const on = chip.dataset.kind === kind;
    chip.classList.toggle("on", on);
    chip.setAttribute("aria-pressed", on);
  }
}

const wanted = () => ({
  q: one("#q").value.trim(),
  kind: one(".chips [data-kind].on")?.dataset.kind || "",
  document: one("#pick-document").value,
  tag: one("#pick-tag").value,
});

function submit() {
  move(wanted());
  route(address(), { again: true, note: true });
}

function clicked(event) {
  const act = event.target.closest("[data-act]")?.dataset.act;
  if (act === "weaker") return weaker(event.target);
  if (act === "teach") return teach.open(asked.query, (page, value) => { const hit = entry(page) || view.on_screen(page); if (hit) paint(hit, value); });
  if (act === "everywhere") { choose(""); pick("#pick-document", ""); pick("#pick-tag", ""); return submit(); }
  if (act === "again") return route(address(), { again: true });
  const suggestion = event.target.closest("[data-question]");
  if (suggestion) { one("#q").value = suggestion.textContent; return submit(); }
  const place = event.target.closest(".hit, .rate"), verdict = event.target.closest("[data-judge]")?.dataset.judge;
  if (verdict) judge(Number(place.dataset.page), verdict);
  else if (place?.matches(".hit")) select(Number(place.dataset.page), { from: "click" });
}

function weaker(button) {
  const more = one(".hits .weaker"), line = button.closest(".note");
  more.hidden = false;
  one(".lesser", line).remove();
  one(".hits").append(line); // what is missing is missed at the end of the list
}

// Shows what the address says. Called on load, back, forward and after a question.
export async function route(here, { again = false, note = false } = {}) {
  fill();
  one("#q").value = here.q || "";
  choose(here.kind || "");
  pick("#pick-document", here.document || "");
  pick("#pick-tag", here.tag || "");
  if (!here.q) { clear(here); return; }
  one(".idle").hidden = true;
  if (again || !asked || asked.key !== key_of(here)) { if (!(await ask(here))) return; }
  // what a person asks (not a reload, not a link) may be worth judging: Improve offers it
  if (note && asked.hits.length) post("/api/asked", { query: asked.query, pages: asked.hits.slice(0, 10).map((hit) => hit.page) }).catch(() => { /* the answers are there */ });
  if (here.hit && (await open(here.hit))) return;
  if (!narrow() && asked?.hits.length && !asked.nothing) select(asked.hits[0].page, { from: "route" });
  else close();
}

async function clear(here) {
  running?.abort();
  asked = null;
  one(".hits").replaceChildren();
  one(".summary").textContent = "";
  one(".notices").replaceChildren();
  document.title = title();
  suggest();
  fill(true).then(() => { if (!asked) suggest(); }); // what was asked meanwhile
  one(".find").classList.toggle("alone", true);
  if (here.hit && (await open(here.hit))) return;
  close();
  one(".find").hidden = true;
  if (!narrow()) one("#q").focus();
}

const way = (act, text) => element("button", { type: "button", class: "link", "data-act": act }, text);
// What went wrong, and what leads on.
const trouble = (error, lead) => element("p", { class: "banner wrong" }, element("span", {}, error.message), lead);

async function ask(here) {
  running?.abort();
  running = new AbortController();
  silent = false;
  const slow = setTimeout(() => one(".asking").classList.add("slow"), 150);
  let result;
  try {
    const { q, kind, document: name, tag } = here;
    result = await get("/api/search", { q, kind, document: name, tag }, running.signal);
  } catch (error) {
    if (error.name === "AbortError") return false;
    asked = null;
    one(".hits").replaceChildren();
    one(".summary").textContent = "";
    silent = !error.status;
    one(".notices").replaceChildren(trouble(error, error.status === 404 ? way("everywhere", "Search everything") : way("again", "Ask again")));
    close();
    return false;
  } finally {
    clearTimeout(slow);
    one(".asking").classList.remove("slow");
  }
  asked = { ...result, key: key_of(here) };
  current = listed = null;
  one(".idle").hidden = true;
  one(".hits").innerHTML = result.html;
  one(".notices").innerHTML = result.notices;
  one(".summary").textContent = result.summary;
  const find = one(".find");
  find.hidden = false;
  find.classList.toggle("nothing", result.nothing);
  find.classList.remove("alone");
  one(".asking").classList.toggle("is-nothing", result.nothing);
  document.title = title();
  return true;
}

// False when there is no such page, or nobody says so: then a line says what leads on.
async function open(id) {
  const hit = asked?.hits.find((one_of) => one_of.id === id);
  try {
    const page = hit ? hit.page : (await get("/api/resolve", { id })).page;
    await select(page, { from: "route" });
    return true;
  } catch (error) {
    silent = !error.status;
    if (error.status === 404) move(wanted_address(), { replace: true });
    one(".notices").prepend(trouble(error, error.status === 404
      ? element("a", { href: "/?tab=library", "data-tab": "library" }, "See what is here") : way("again", "Try again")));
    if (!asked) suggest();
    return false;
  }
}

// Shows a page on the right (on a phone: full screen) and says so in the address bar.
export async function select(page, { from }) {
  const found = one(`.hit[data-page="${page}"]`), card = found?.closest(".weaker[hidden]") ? null : found;
  for (const other of all(".hit.on")) { other.classList.remove("on"); other.removeAttribute("aria-current"); }
  if (card) {
    listed = page;
    card.classList.add("on");
    card.setAttribute("aria-current", "true");
    if (from === "key") { card.focus({ preventScroll: true }); card.scrollIntoView({ block: "nearest" }); }
  }
  const same = current === page;
  current = page;
  const find = one(".find");
  find.hidden = false;
  find.classList.add("viewing");
  document.body.classList.add("viewing");
  const hit = entry(page);
  const shown = await view.show(page, { query: asked?.query || address().q || "", hit, listed: Boolean(card), play: from === "click" || from === "key", same });
  if (shown && current === page) {
    if (asked) paint(hit || shown, (hit || shown).judged);
    // a click is a place to come back to; arrow keys and leafing on leave no trail
    const replace = !(from === "click" || (from === "step" && last !== "step"));
    if (from !== "route") move({ ...wanted_address(), hit: shown.id }, { replace });
    last = from;
  }
}

const wanted_address = () => { const { hit, ...rest } = address(); return rest; };

function leave() {
  const { hit } = address();
  if (narrow()) {
    if (hit && last === "click") { history.back(); return; } // the list lies one step back
    if (hit) move(wanted_address(), { replace: true });
    close();
  } else if (!one(".view").hidden && !view.fitted()) { // beside the list: the page as a whole first, then away with it
    if (hit) move(wanted_address(), { replace: true });
    if (one(".find").classList.contains("alone")) route(address());
    else close();
  }
}

function close() {
  current = null;
  view.hide();
  one(".find").classList.remove("viewing");
  document.body.classList.remove("viewing");
}

// An answer, or a page that somebody leafed on to.
function judge(page, verdict) {
  const hit = entry(page) || view.on_screen(page);
  if (!hit || !asked) return;
  const value = verdict === "right", mine = asked;
  judging.judge({ query: asked.query, page, before: hit.judged, value: hit.judged === value ? null : value,
    paint: (now) => { if (asked === mine) paint(hit, now); } });
}

function paint(hit, value) {
  hit.judged = value;
  for (const button of all(`[data-page="${hit.page}"] [data-judge]`, one("#tab-search"))) {
    const on = value === (button.dataset.judge === "right") && value !== null;
    button.classList.toggle("on", on);
    button.setAttribute("aria-pressed", on);
  }
}

// Called when the page is looked at again: another tab may have judged these answers.
export async function refresh() {
  const mine = asked;
  if (!mine || !judging.settled()) return;
  try {
    const judged = await get("/api/judged", { q: mine.query });
    if (asked !== mine || !judging.settled()) return; // what is on its way here is newer
    view.forget();
    const leafed = current !== null && !entry(current) && view.on_screen(current);
    for (const hit of leafed ? [...mine.hits, leafed] : mine.hits) paint(hit, judged[hit.id] ?? null);
  } catch { /* the marks stay as they were */ }
}

export function key(event, typing) {
  if (typing?.id === "q" && event.key === "Escape" && !event.isComposing) {
    event.preventDefault(); // a browser empties a search field at this key, and the answers would go with it
    typing.value = address().q || typing.value;
    typing.blur();
    return;
  }
  const step = { ArrowDown: 1, ArrowUp: -1, j: 1, k: -1 }[event.key];
  if (typing && !(typing.id === "q" && event.key === "ArrowDown")) return;
  if (step && asked?.hits.length) {
    const cards = all(".hit").filter((card) => !card.closest("[hidden]"));
    const at = cards.findIndex((card) => Number(card.dataset.page) === listed);
    const away = current !== listed; // the page was closed, or leafed on: back to the answer
    const next = cards[at < 0 ? 0 : away ? at : Math.min(cards.length - 1, Math.max(0, at + step))];
    if (typing) typing.blur();
    if (next && (away || next !== cards[at])) select(Number(next.dataset.page), { from: "key" });
    else if (next) next.focus({ preventScroll: true });
    event.preventDefault();
    return;
  }
  if (typing) return;
  const lower = event.key.toLowerCase();
  if (lower === "r" || lower === "w") {
    const page = current ?? listed;
    if (asked && page !== null) { judge(page, lower === "r" ? "right" : "wrong"); event.preventDefault(); }
  } else if (lower === "u") { if (judging.undo()) event.preventDefault(); }
  else if (event.key === "Escape") leave();
  else if (event.key === "Enter" && event.target.matches(".hit")) select(Number(event.target.dataset.page), { from: "click" });
  else view.key(event);
}

// Called with every status: what changed beside the answers. Nothing on the screen jumps; a line offers to ask again.
export function changed(status, shelf, stamp) {
  const first = hasDocuments === null;
  const had = hasDocuments;
  hasDocuments = status.documents > 0;
  one(".hello").hidden = hasDocuments;
  one(".asking").hidden = !hasDocuments;
  if (first && hasDocuments && !address().q && !narrow() && !address().tab) one("#q").focus();
  if (shelf) fill(true).then(() => { if (!asked) suggest(); });
  if (had === false && hasDocuments && !address().tab) one("#q").focus();
  one(".idle .hint").textContent = status.hint;
  if (silent && !address().tab) { route(address(), { again: true }); return; }
  if (!asked) return;
  const loaded = status.ready && asked.words_only === "loading";
  // nothing is on the screen, so nothing can jump
  if (!asked.hits.length && (loaded || (asked.reading && stamp))) { route(address(), { again: true }); return; }
  const switched = status.model !== asked.model && status.ready;
  if (switched && !one(".notice-model")) {
    const line = element("p", { class: "note notice-model" }, "Another model answers now. ");
    line.append(element("button", { type: "button", class: "link", "data-act": "again" }, "Ask again"));
    one(".notices").append(line);
  }
  const read = asked.reading > 0 && !status.active;
  const line = one(loaded ? ".notice-words" : ".notice-reading");
  if ((loaded || read) && line && !one("[data-act=again]", line)) {
    line.textContent = loaded ? "The model has loaded: answers by meaning, too. " : "All documents are read now. ";
    line.append(element("button", { type: "button", class: "link", "data-act": "again" }, "Ask again"));
  }
}

let filled = null, questions = [], recent = [];
async function fill(fresh = false) {
  if (filled && !fresh) return filled;
  filled = get("/api/choices").then(({ documents, tags, questions: given, recent: lately }) => {
    [questions, recent] = [given, lately];
    options("#pick-document", "Document", documents);
    options("#pick-tag", "Tag", tags);
  }).catch(() => { filled = null; });
  return filled;
}

function options(id, name, values) {
  const box = one(id), held = box.value;
  box.replaceChildren(element("option", { value: "" }, name), ...values.map((value) => element("option", { value }, value)));
  box.closest(".pick").hidden = !values.length;
  pick(id, held);
}

function pick(id, value) {
  const box = one(id);
  if (value && ![...box.options].some((option) => option.value === value)) box.append(element("option", { value }, value));
  box.value = value;
  box.closest(".pick").classList.toggle("on", Boolean(value));
}

// Nothing is asked: what can be asked, questions to start with, and what is being read.
function suggest() {
  const { q, hit } = address();
  one(".idle").hidden = Boolean(q || hit);
  const chip = (question) => element("button", { type: "button", class: "chip", "data-question": true, title: question }, question);
  const rows = [["Asked lately", recent], ["Try", questions]].filter(([, given]) => given.length);
  one(".suggest").replaceChildren(...rows.map(([label, given]) =>
    element("div", { role: "group", "aria-label": label }, element("span", { class: "sub" }, label), ...given.map(chip))));
}

export const idle = () => !one(".hello").hidden || !one(".idle").hidden;
