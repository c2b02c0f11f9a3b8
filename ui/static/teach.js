// “The right page is missing: find it and teach”: other words or another document, the page at large, and “this is it”.

import { get } from "./net.js";
import { all, element, failed, one } from "./dom.js";
import { judge } from "./judging.js";

let wanted = null, asking = null, shown = null; // wanted: {query, paint}
const dialog = () => one(".teach-dialog");

export function start() {
  const box = dialog();
  box.addEventListener("submit", (event) => { event.preventDefault(); find(); });
  box.addEventListener("change", (event) => { if (event.target.matches("select")) find(); });
  box.addEventListener("click", clicked);
  box.addEventListener("keydown", keys);
  box.addEventListener("close", () => { asking?.abort(); wanted = shown = null; box.replaceChildren(); });
}

// `paint(page, value)` is told what was judged, so that a list behind the dialog shows it.
export async function open(query, paint = () => {}) {
  wanted = { query, paint };
  const box = dialog();
  const shut = element("button", { type: "button", class: "btn quiet icon shut", "data-act": "shut", "aria-label": "Close" }, "×");
  const words = element("input", { type: "search", id: "teach-words", autocomplete: "off", maxlength: "2000", value: query, placeholder: "Other words that stand on the page" });
  const names = element("select", { "aria-label": "Document" }, element("option", { value: "" }, "Any document"));
  box.replaceChildren(shut,
    element("header", {}, element("div", {}, element("h2", {}, "Find the right page"), element("p", { class: "sub", title: query }, `for “${query}”`)),
      element("form", { class: "row" }, element("label", { class: "ask small" }, element("span", { class: "sr" }, "Words"), words),
        element("span", { class: "chip pick" }, names), element("button", { class: "btn" }, "Find"))),
    element("div", { class: "found", "aria-label": "Pages", role: "region" }), element("div", { class: "preview", role: "region", "aria-label": "The page" }));
  box.classList.remove("previewing");
  if (!box.open) box.showModal();
  words.select();
  find();
  try {
    const { documents } = await get("/api/choices");
    names.append(...documents.map((name) => element("option", { value: name }, name)));
  } catch (error) { failed(error); }
}

async function find() {
  if (!wanted) return;
  asking?.abort();
  const mine = asking = new AbortController();
  const box = dialog(), list = one(".found", box);
  try {
    const { html, pages } = await get("/api/find", { q: one("input", box).value.trim(), document: one("select", box).value, question: wanted.query }, mine.signal);
    list.innerHTML = html;
    if (pages.length && !matchMedia("(max-width: 900px)").matches) show(pages[0]);
    else one(".preview", box).replaceChildren();
  } catch (error) { if (error.name !== "AbortError") list.replaceChildren(element("p", { class: "banner wrong" }, error.message)); }
}

async function show(page) {
  try {
    const data = await get(`/api/preview/${page}`, { question: wanted.query });
    if (!wanted) return;
    shown = { page, ...data };
    one(".preview", dialog()).innerHTML = data.html;
    dialog().classList.add("previewing");
    for (const card of all(".found .hit", dialog())) card.classList.toggle("on", Number(card.dataset.page) === page);
  } catch (error) { failed(error); }
}

function clicked(event) {
  if (event.target === dialog()) return dialog().close();
  const act = event.target.closest("[data-act]")?.dataset.act, go = event.target.closest("[data-go]");
  if (act === "shut") return dialog().close();
  if (act === "back") { dialog().classList.remove("previewing"); return; }
  if (act === "this-is-it") return teach();
  if (go) return show(Number(go.dataset.go));
  const card = event.target.closest(".found .hit");
  if (card) show(Number(card.dataset.page));
}

function keys(event) {
  if (event.key === "Escape" && event.target.matches("input") && !event.isComposing) { // else the field is emptied first
    event.preventDefault();
    return dialog().close();
  }
  if (event.target.matches("input, select")) return;
  const target = { ArrowLeft: shown?.previous, ArrowRight: shown?.next }[event.key];
  if (target != null) { event.preventDefault(); show(target); }
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step) {
    const cards = all(".found .hit", dialog()), at = cards.findIndex((card) => card.classList.contains("on"));
    const next = cards[Math.min(cards.length - 1, Math.max(0, at + step))];
    if (next) { event.preventDefault(); next.focus(); show(Number(next.dataset.page)); }
  }
}

async function teach() {
  const { query, paint } = wanted, page = shown.page, before = shown.judged ?? null;
  one("[data-act=this-is-it]", dialog()).disabled = true;
  if (await judge({ query, page, before, value: true, paint: (value) => paint(page, value) })) dialog().close();
  else one("[data-act=this-is-it]", dialog()).disabled = false;
}
