// The frame: waits for Gradio to draw the shells, then tabs, keys, the pill and the theme.

import { get } from "./net.js";
import { address, all, move, one } from "./dom.js";
import * as search from "./search.js";
import * as library from "./library.js";
import * as improve from "./improve.js";
import * as teach from "./teach.js";
import { reading, startUploads } from "./upload.js";

const TABS = ["search", "library", "improve"], TITLES = { library: "Library · Folioscope", improve: "Improve · Folioscope" };
const FAST_MS = 1000, SLOW_MS = 2000;
export const state = { status: null };
let timer = null;

function theme() {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const apply = () => {
    const chosen = localStorage.getItem("folioscope-theme");
    document.documentElement.dataset.theme = chosen || (dark.matches ? "dark" : "light");
  };
  dark.addEventListener("change", apply);
  apply();
  return () => {
    const next = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
    if ((next === "dark") === dark.matches) localStorage.removeItem("folioscope-theme");
    else localStorage.setItem("folioscope-theme", next);
    apply();
  };
}

function show(tab) {
  for (const name of TABS) one(`#tab-${name}`).hidden = name !== tab;
  for (const link of all(".tabs [data-tab]")) {
    const on = link.dataset.tab === tab;
    link.classList.toggle("on", on);
    on ? link.setAttribute("aria-current", "page") : link.removeAttribute("aria-current");
  }
  document.title = TITLES[tab] || search.title();
  if (tab === "library") library.shown(); else library.left();
  if (tab === "improve") improve.shown(); else improve.left();
}

const place = (here) => (TITLES[here.tab] ? here.tab : "search");

const last = {}; // how each place was left
const leaving = () => { last[place(address())] = address(); };
export function open(tab, params = {}) {
  leaving();
  move(Object.keys(params).length ? params : last[tab] || (tab === "search" ? {} : { tab }));
  route();
}

function route() {
  const here = address();
  if (place(here) === "library") library.route(here);
  show(place(here));
  if (place(here) === "search") search.route(here);
}

function pill(job) {
  const box = one(".job");
  box.hidden = !job;
  if (!job) return;
  one("i", box).style.setProperty("--p", `${job.percent}%`);
  one("b", box).textContent = `${job.percent} %`;
  one("span", box).textContent = job.text;
  box.title = job.text;
  box.dataset.tab = job.tab;
  box.href = `/?tab=${job.tab}`;
}

async function look() {
  clearTimeout(timer);
  if (document.hidden) return;
  let active = true;
  try {
    const status = await get("/api/status");
    active = status.active || !status.ready;
    const before = state.status;
    state.status = status;
    pill(status.pill);
    reading(status);
    for (const [name, number] of [["library", status.documents], ["improve", status.judged]]) {
      const count = one(`.tabs [data-tab=${name}] .n`);
      count.hidden = !number;
      count.textContent = number.toLocaleString("en");
    }
    document.body.classList.remove("offline");
    const stamp = !before || before.stamp !== status.stamp;
    search.changed(status, !before || before.shelf !== status.shelf, stamp);
    if (stamp) library.changed();
    if (!before || before.improve !== status.improve || improve.running()) improve.changed();
  } catch { document.body.classList.add("offline"); }
  clearTimeout(timer);
  timer = setTimeout(look, active ? FAST_MS : SLOW_MS);
}
export const lookNow = look;

function keys(event) {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  const typing = event.target.closest?.("input, textarea, select, [contenteditable]");
  if (event.key === "/" && !typing && !one("dialog[open]")) {
    event.preventDefault();
    if (address().tab === "library") one("#filter").focus();
    else if (address().tab === "improve") { open("search"); one("#q").focus(); one("#q").select(); }
    else { one("#q").focus(); one("#q").select(); }
    return;
  }
  if (one("dialog[open]")) return;
  if (place(address()) === "search") search.key(event, typing);
  else if (address().tab === "improve") improve.key(event, typing);
}

function start() {
  const turn = theme();
  one(".theme").addEventListener("click", turn);
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-tab]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    if (link.classList.contains("mark")) { leaving(); move({}); route(); }
    else open(link.dataset.tab);
  });
  addEventListener("popstate", route);
  document.addEventListener("keydown", keys);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) { look(); search.refresh(); } });
  search.start();
  library.start();
  improve.start();
  teach.start();
  startUploads();
  route();
  look();
  document.body.classList.add("ready");
}

// the theme must not wait for Gradio
theme();
const drawn = () => TABS.every((name) => one(`#tab-${name}`)) && one(".top");
if (drawn()) start();
else {
  const watcher = new MutationObserver(() => { if (drawn()) { watcher.disconnect(); start(); } });
  watcher.observe(document.documentElement, { childList: true, subtree: true });
}
