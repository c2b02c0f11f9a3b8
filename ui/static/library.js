// The Library tab: what is being read, the shelf, a document's panel.

import { get, post } from "./net.js";
import { address, all, element, failed, move, narrow, one, patch, toast } from "./dom.js";
import { lookNow, open } from "./app.js";
import { idle } from "./search.js";

const filter = { kind: "", deleted: false, text: "", everything: false, order: "" }; // in the address, but for `everything`
let visible = false, stale = true, loading = null, panel = null;

export function start() {
  const tab = one("#tab-library");
  let typing = null;
  one("#filter").addEventListener("input", (event) => {
    filter.text = event.target.value;
    clearTimeout(typing);
    typing = setTimeout(choose, 120);
  });
  one("#order").addEventListener("change", (event) => { filter.order = event.target.value; choose(); });
  tab.addEventListener("click", clicked);
  one("#tab-search").addEventListener("click", (event) => { if (event.target.closest(".files")) row(event.target); });
  const dialog = one(".sheet-dialog");
  dialog.addEventListener("click", in_panel);
  dialog.addEventListener("submit", tag);
  dialog.addEventListener("close", () => { if (panel) { panel = null; move(shelf(), { replace: true }); } });
}

const shelf = () => ({ tab: "library", kind: filter.kind, text: filter.text, order: filter.order, bin: filter.deleted ? "1" : "" });

// The shelf as it is filtered now.
function choose() {
  if (visible) move(shelf(), { replace: true });
  load();
}

export function shown() { visible = true; if (stale) load(); }
export function left() { visible = false; if (panel) shut(); }
export function changed() {
  stale = true;
  if (visible || idle()) load();
  if (panel) refresh();
}
export function route(here) {
  const before = JSON.stringify(filter), { kind = "", text = "", order = "", bin } = here;
  Object.assign(filter, { kind, text, order, deleted: Boolean(bin) });
  if (JSON.stringify(filter) !== before) {
    one("#filter").value = text;
    one("#order").value = order;
    stale = true;
  }
  if (here.doc) show(here.doc); else if (panel) shut();
}

// The hello page of an empty library shows the same rows, so that a refused first file says why.
async function load() {
  loading?.abort();
  const mine = loading = new AbortController();
  try {
    const now = await get("/api/library", filter, mine.signal);
    for (const box of all(".files")) {
      const sending = all(".sending", box);
      for (const line of sending) line.remove();
      patch(box, now.files);
      box.prepend(...sending);
      box.hidden = !box.children.length;
    }
    if (!visible) return; // the shelf stays stale until it is seen
    stale = false;
    one(".kinds").innerHTML = now.chips;
    one(".total").textContent = now.total;
    one(".shelf-note").innerHTML = now.note;
    patch(one(".shelf"), now.shelf);
  } catch (error) { if (error.name !== "AbortError") failed(error); }
}

function clicked(event) {
  if (row(event.target)) return;
  const chip = event.target.closest(".kinds .chip");
  if (chip) {
    filter.deleted = Boolean(chip.dataset.bin);
    filter.kind = chip.dataset.kind || "";
    filter.everything = false;
    choose();
  } else if (event.target.closest("[data-act=everything]")) { filter.everything = true; load(); }
  else {
    const card = event.target.closest(".doc");
    if (card) { move({ ...shelf(), doc: card.dataset.document }); show(card.dataset.document); }
  }
}

function row(target) {
  const act = target.closest(".files [data-act]")?.dataset.act;
  if (!act) return false;
  const { document: id, refusal } = target.closest("[data-key]").dataset;
  const path = act === "dismiss-all" ? "/api/refusals/dismiss" : act === "dismiss" ? `/api/refusal/${refusal}/dismiss` : `/api/document/${id}/${act}`;
  post(path).then(again, failed);
  return true;
}

const again = () => { stale = true; load(); return lookNow(); };

async function show(id) {
  try {
    const data = await get(`/api/document/${id}`);
    const dialog = one(".sheet-dialog");
    draw(data);
    if (!dialog.open) dialog.showModal();
  } catch (error) {
    failed(error);
    shut();
  }
}

function draw(data) {
  panel = data;
  const dialog = one(".sheet-dialog"), typed = one("#new-tag")?.value || "", had = document.activeElement?.id === "new-tag";
  dialog.innerHTML = data.html;
  dialog.prepend(element("button", { type: "button", class: "btn quiet icon shut", "data-act": "shut", "aria-label": "Close" }, "×"));
  const field = one("#new-tag");
  if (field) { field.value = typed; if (had) field.focus(); }
}

async function refresh() {
  const id = panel.id;
  try {
    const data = await get(`/api/document/${id}`);
    if (panel?.id === id && one("#new-tag")?.value === (one("#new-tag") ? "" : undefined)) draw(data);
  } catch { /* it went away: the panel stays until it is closed */ }
}

function shut() {
  panel = null;
  const dialog = one(".sheet-dialog");
  if (dialog.open) dialog.close();
  if (address().doc) move(shelf(), { replace: true });
}

async function in_panel(event) {
  if (event.target === one(".sheet-dialog")) return shut(); // the dark around it
  const gone = event.target.closest("[data-untag]");
  if (gone) return change_tags({ remove: [gone.dataset.untag] });
  const act = event.target.closest("button[data-act]")?.dataset.act;
  if (!act || !panel) return;
  const { id, name, cover } = panel;
  if (act === "shut") return shut();
  if (act === "show") {
    shut();
    const { id: hit } = await get(`/api/view/${cover}`);
    return open("search", { hit });
  }
  if (act === "delete") {
    await run(id, "delete", () => toast(`${name} is in the bin for 30 days`, { undo: { act: () => run(id, "restore") } }));
  } else if (act === "restore") await run(id, "restore", () => toast(`${name} is back`));
  else if (act === "delete-for-good") sure(event.target.closest("button"), () => run(id, act, () => toast(`${name} is gone for good`)));
}

// The same button asks once more: no second dialog on top of the first.
function sure(button, act) {
  const line = button.closest(".actions");
  const yes = element("button", { type: "button", class: "btn danger full" }, "Delete for good"), no = element("button", { type: "button", class: "btn" }, "Keep it");
  const before = [...line.children];
  line.replaceChildren(element("p", { class: "sub" }, "Its pages, text, pictures and judgements go at once, and cannot come back."), yes, no);
  no.addEventListener("click", (event) => { event.stopPropagation(); line.replaceChildren(...before); });
  yes.addEventListener("click", (event) => { event.stopPropagation(); yes.disabled = true; act(); });
  no.focus();
}

async function run(id, act, after = () => {}) {
  try {
    await post(`/api/document/${id}/${act}`);
    shut();
    await again();
    after();
  } catch (error) { failed(error); }
}

function tag(event) {
  if (!event.target.matches(".tags")) return;
  event.preventDefault();
  const field = one("#new-tag"), value = field.value.trim();
  if (!value) return;
  field.value = "";
  change_tags({ add: [value] });
}

async function change_tags(change) {
  try {
    draw(await post(`/api/document/${panel.id}/tags`, change));
    if (!narrow()) one("#new-tag")?.focus();
    again();
  } catch (error) { failed(error); }
}
