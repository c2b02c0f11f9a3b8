// The Improve tab: how many are judged, retrain, the verdict, versions, judgements.

import { get, post, send } from "./net.js";
import { all, element, failed, one, patch, toast } from "./dom.js";
import { lookNow, open as openTab } from "./app.js";
import { undo } from "./judging.js";
import * as queue from "./queue.js";

const DIAL = "folioscope-recipe", SEEN = "folioscope-told";
let visible = false, stale = true, loading = null, now = null, everything = false, only = "", ticket = null;
const tab = () => one("#tab-improve");

export function start() {
  const held = localStorage.getItem(DIAL), dial = held && one(`.seg input[value="${CSS.escape(held)}"]`);
  if (dial) dial.checked = true;
  tab().addEventListener("click", clicked);
  one(".seg").addEventListener("change", (event) => { localStorage.setItem(DIAL, event.target.value); say(); });
  one(".expert").addEventListener("toggle", say);
  one("#pick-labels").addEventListener("change", preview);
  document.addEventListener("folio-judged", () => { stale = true; if (visible) { load(); lookNow(); } });
  one(".card-dialog").addEventListener("click", (event) => { if (event.target === event.currentTarget || event.target.closest("[data-act=shut]")) event.currentTarget.close(); });
  one(".card-dialog").addEventListener("submit", rename);
  queue.start();
}

export function shown() { if (!visible) queue.enter(); visible = true; if (stale) load(); else arrange(); }
export function left() { visible = false; }
export function changed() { stale = true; if (visible) load(); }
export const running = () => visible && now?.state === "training";

async function load() {
  loading?.abort();
  const mine = loading = new AbortController();
  try {
    const fresh = await get("/api/improve", { everything }, mine.signal);
    stale = false;
    const before = now;
    now = fresh;
    draw(before);
  } catch (error) { if (error.name !== "AbortError") failed(error); }
}

function draw(before) {
  patch(one(".versions .line"), now.versions);
  if (!before || before.rows !== now.rows) one(".judgements .rows").innerHTML = now.rows;
  one("[data-act=export]").hidden = !now.labels;
  one(".judged-count").textContent = now.judged;
  one(".call .bar i").style.setProperty("--p", `${now.share}%`);
  say();
  const sure = one(".verdict .sure");
  if (!before || before.verdict !== now.verdict) one(".verdict").innerHTML = now.verdict;
  else if (sure && now.state !== "verdict") sure.remove();
  if (!before || before.changes !== now.changes) one(".pair").innerHTML = now.changes;
  if (now.state === "training") steps();
  arrange();
  if (before && before.state === "training" && now.state === "verdict") one(".verdict").scrollIntoView({ block: "nearest" });
}

// Each retrain's card is drawn anew every second; a focused button must stay focused.
function steps() {
  const box = one(".running"), held = box.contains(document.activeElement);
  box.innerHTML = now.running;
  if (held) one("[data-act=cancel]", box)?.focus();
}

function arrange() {
  if (!now) return;
  one(".call").hidden = now.state !== "call";
  one(".running").hidden = now.state !== "training";
  one(".verdict").hidden = now.state !== "verdict";
  one(".pair").hidden = now.state !== "verdict" || !now.changes;
  one(".call .told").replaceChildren(...told());
  if (now.state !== "verdict") only = "";
  if (now.state === "call" && now.documents) { if (visible) queue.show(); }
  else if (now.state === "verdict" && only) queue.show({ model: only });
  else queue.hide();
}

// The last retrain ended without a verdict: said until it is dismissed.
function told() {
  if (!now.ended || localStorage.getItem(SEEN) === String(now.ended.job)) return [];
  const dismiss = element("button", { type: "button", class: "btn quiet", "data-act": "dismiss-ended" }, "Dismiss");
  return [element("p", { class: now.ended.failed ? "banner wrong" : "banner" }, element("span", {}, now.ended.text), dismiss)];
}

function say() {
  const recipe = one(".seg input:checked").value;
  if (!now) return;
  one(".prospects").textContent = now.prospects[recipe];
  one(".dial").textContent = now.dial[recipe];
  one("[data-act=train]").setAttribute("aria-disabled", String(!now.possible));
  if (one(".expert").open) usual(recipe);
}

// What each empty field stands for; those that the recipe does not look at are off.
const known = {};
async function usual(recipe) {
  try { known[recipe] ??= await get(`/api/usual/${recipe}`); } catch (error) { failed(error); return; }
  if (one(".seg input:checked").value !== recipe) return;
  for (const field of all(".expert [data-setting]")) {
    const value = known[recipe][field.dataset.setting];
    field.disabled = value === undefined;
    if (field.matches("select")) field.options[0].textContent = value ?? "not used";
    else field.placeholder = value ?? "not used";
  }
}

const ACTS = {
  train, cancel, promote, discard,
  "back-to": back_to,
  "judge-new": () => { only = now.model; queue.show({ model: only, fresh: true }); one(".queue").scrollIntoView({ block: "start" }); },
  card: show_card,
  undo: take_back,
  "all-judgements": () => { everything = true; load(); },
  "dismiss-ended": () => { localStorage.setItem(SEEN, now.ended.job); arrange(); },
  import: () => one("#pick-labels").click(),
  export: () => forms(),
  "import-now": import_now,
  "import-stop": close_import,
  "to-library": () => openTab("library"),
};

function clicked(event) {
  const link = event.target.closest("a[data-query]");
  if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.button) {
    event.preventDefault();
    return openTab("search", { q: link.dataset.query, hit: link.dataset.hit });
  }
  const button = event.target.closest("[data-act]"), act = button && ACTS[button.dataset.act];
  if (act) act(button);
}

function settings() {
  const chosen = { recipe: one(".seg input:checked").value };
  for (const field of all(".expert [data-setting]")) if (field.value !== "" && !field.disabled) chosen[field.dataset.setting] = field.dataset.number ? Number(field.value) : field.value;
  return chosen;
}

async function train(button) {
  const refusal = one(".call .refusal");
  refusal.hidden = true;
  button.disabled = true;
  try {
    await post("/api/train", settings());
    await Promise.all([load(), lookNow()]);
  } catch (error) {
    refusal.textContent = error.message;
    refusal.hidden = false;
  } finally { button.disabled = false; }
}

async function cancel(button) {
  button.disabled = true;
  button.textContent = "Stopping…";
  try {
    await post(`/api/jobs/${button.dataset.job}/cancel`);
    toast("The retrain was stopped. Nothing has changed.");
    await Promise.all([load(), lookNow()]);
  } catch (error) { failed(error); }
}

async function switchTo(button, path, body = undefined) {
  const before = now.current;
  button.disabled = true;
  try {
    const { name, model } = await post(path, body);
    await Promise.all([load(), lookNow()]);
    const back = before && before !== model ? { label: "Go back", act: () => switchTo(button, `/api/models/${before}/rollback`) } : null;
    toast(`${name} answers now`, { undo: back, about: "model" });
  } catch (error) { failed(error); } finally { button.disabled = false; }
}

// Another version in use ends the comparison of the one that waits.
function back_to(button) {
  const go = (asked) => switchTo(asked, `/api/models/${button.dataset.model}/rollback`);
  if (now.state !== "verdict") return go(button);
  ask_first(button, "A new model waits for your decision. It was measured against the one in use: with another one, its verdict goes.",
    { yes: "Go on all the same", no: "Decide first" }, go);
}

function promote(button) {
  const { model, sure, doubt } = button.dataset;
  const go = (force) => (asked) => switchTo(asked, `/api/models/${model}/promote`, { force });
  if (sure === "true") return go(false)(button);
  ask_first(button, doubt, { yes: "Promote all the same", no: "Keep the one in use" }, go(true));
}

function discard(button) {
  const act = async () => {
    try {
      await post(`/api/models/${button.dataset.model}/discard`);
      await Promise.all([load(), lookNow()]);
      toast("Discarded: its weights are gone, its card is kept");
    } catch (error) { failed(error); }
  };
  ask_first(button, "Its weights go at once and cannot come back; its card is kept.", { yes: "Discard it", no: "Keep it", danger: true }, act);
}

// The same row asks once more: no dialog on top.
function ask_first(button, sentence, words, act) {
  const row = button.closest(".acts"), before = [...row.children];
  const yes = element("button", { type: "button", class: words.danger ? "btn danger full" : "btn" }, words.yes), no = element("button", { type: "button", class: words.danger ? "btn" : "btn main" }, words.no);
  const back = () => { row.replaceChildren(...before); button.focus(); };
  row.replaceChildren(element("p", { class: "sub sure", role: "alert" }, sentence), yes, no);
  no.addEventListener("click", (event) => { event.stopPropagation(); back(); });
  yes.addEventListener("click", async (event) => { event.stopPropagation(); yes.disabled = true; await act(yes); if (row.isConnected && now.state === "verdict") back(); });
  row.addEventListener("keydown", (event) => { if (event.key === "Escape" && yes.isConnected) { event.stopPropagation(); back(); } });
  no.focus();
}

async function show_card(button) {
  try {
    const { html } = await get(`/api/models/${button.dataset.model}/card`);
    const dialog = one(".card-dialog");
    dialog.innerHTML = html;
    dialog.prepend(element("button", { type: "button", class: "btn quiet icon shut", "data-act": "shut", "aria-label": "Close" }, "×"));
    dialog.showModal();
  } catch (error) { failed(error); }
}

async function rename(event) {
  event.preventDefault();
  const { model } = event.target.dataset, name = one("#model-name").value.trim();
  if (!name) return;
  try {
    await post(`/api/models/${model}/rename`, { name });
    one(".card-dialog").close();
    load();
  } catch (error) { failed(error); }
}

async function take_back(button) {
  const { query, page, verdict } = button.dataset;
  const set = (value) => post("/api/judge", { query, page: Number(page), verdict: value }).then(() => { load(); lookNow(); });
  button.disabled = true;
  try {
    await set(null);
    toast("Judgement taken back", { undo: { act: () => set(verdict).catch(failed) }, about: "judgement" });
  } catch (error) { failed(error); button.disabled = false; }
}

// judgements from and to files

function panel(...children) {
  const box = one(".importing");
  box.replaceChildren(...children);
  box.hidden = !children.length;
  return box;
}

async function preview(event) {
  const files = [...event.target.files];
  event.target.value = "";
  if (!files.length) return;
  panel(element("p", { class: "sub" }, "Reading…"));
  try {
    ({ ticket } = await post("/api/ticket"));
    for (const file of files) await send(`/api/labels/file/${ticket}?${new URLSearchParams({ name: file.name })}`, file, () => {});
    const { html, imported } = await post("/api/labels/import", { ticket, dry_run: true });
    const box = panel();
    box.innerHTML = html;
    box.hidden = false;
    const row = element("div", { class: "row acts" });
    if (imported) row.append(element("button", { type: "button", class: "btn main", "data-act": "import-now" }, imported === 1 ? "Import it" : `Import ${imported.toLocaleString("en")} judgements`));
    row.append(element("button", { type: "button", class: "btn", "data-act": "import-stop" }, imported ? "Cancel" : "Close"));
    box.append(row);
    one("button", row).focus();
  } catch (error) {
    panel(element("p", { class: "bad" }, `✗ ${error.message}`), element("div", { class: "row acts" }, element("button", { type: "button", class: "btn", "data-act": "import-stop" }, "Close")));
  }
}

async function import_now(button) {
  button.disabled = true;
  try {
    const { text } = await post("/api/labels/import", { ticket, dry_run: false });
    panel();
    ticket = null;
    await Promise.all([load(), lookNow()]);
    toast(text);
  } catch (error) { failed(error); button.disabled = false; }
}

function close_import() {
  if (ticket) post(`/api/labels/forget/${ticket}`).catch(() => { /* swept with the server's other uploads */ });
  ticket = null;
  panel();
}

function forms() {
  if (!one(".importing").hidden && one(".importing [download]")) { panel(); return; }
  const link = (form, text) => element("a", { class: "btn", href: `/api/labels/export?form=${form}`, download: true }, text);
  panel(element("p", {}, `${now.labels_text} as a file:`),
    element("div", { class: "row acts" }, link("csv", "Spreadsheet (CSV)"), link("qrels", "TREC (qrels and queries)"), link("jsonl", "sentence-transformers (JSONL)"),
      element("button", { type: "button", class: "btn quiet", "data-act": "import-stop" }, "Close")));
}

export function key(event, typing) {
  if (typing) return;
  const lower = event.key.toLowerCase();
  if (queue.key(event) || (lower === "u" && undo())) event.preventDefault();
}
