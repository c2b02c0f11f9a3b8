// The page view: the large picture with the marked place, or the player at the second.

import { get } from "./net.js";
import { copy, element, failed, narrow, one, toast } from "./dom.js";

const MOST = 0.6; // of a page: a larger place is no place
let box = null, actions = null, shown = null, running = null, cited = "";
const known = new Map(); // what the server said about a page, for this visit

export function start(panel, wired) {
  box = panel;
  actions = wired;
  addEventListener("scroll", fit, { passive: true });
  addEventListener("resize", fit);
  box.addEventListener("click", (event) => {
    if (event.target.closest(".close")) return actions.leave();
    const go = event.target.closest("[data-go]");
    if (go) return actions.go(Number(go.dataset.go));
    if (event.target.closest("[data-act=cite]")) cite();
    else if (event.target.closest(".zoom")) zoom();
    else if (event.target.matches(".sheet img.large, .sheet .box")) zoom(event);
  });
}

// As tall as what is left of the window below it, so that the panel at its foot is always in sight.
function fit() {
  if (!box || box.hidden) return;
  box.style.maxHeight = narrow() ? "" : `${Math.max(360, innerHeight - Math.max(72, box.getBoundingClientRect().top) - 16)}px`;
}

export function hide() {
  shown = null;
  running?.abort();
  if (!box) return;
  box.hidden = true;
  box.replaceChildren();
}

// `listed`: its card is in sight, and can be judged there.
export async function show(page, { query, hit, listed, play, same }) {
  if (same && shown?.page === page) { if (play) start_playing(); return shown; }
  running?.abort();
  const mine = running = new AbortController();
  const asked = hit ? "" : query, key = `${page} ${asked}`; // an answer knows itself how it is judged
  let data = known.get(key);
  try {
    if (!data) data = await get(`/api/view/${page}`, { q: asked }, mine.signal);
  } catch (error) {
    if (error.name === "AbortError") return null;
    box.hidden = false;
    box.replaceChildren(element("p", { class: "banner wrong" }, error.message));
    return null;
  }
  if (mine.signal.aborted) return null;
  if (known.size > 200) known.clear();
  known.set(key, data);
  shown = data;
  box.innerHTML = data.html;
  box.hidden = false;
  one(".why", box).innerHTML = hit?.why || "";
  one(".rate", box).hidden = !query;
  one(".rate", box).classList.toggle("listed", listed);
  cited = hit?.cite || data.cite;
  fit();
  if (hit?.region) draw(hit.region, true);
  const video = one("video", box);
  if (video) film(page, video, play, mine.signal);
  else if (query) find(page, query, mine.signal);
  // the neighbours come after the page itself, so that leafing on is instant and never in the way
  one("img.large", box)?.addEventListener("load", () => {
    for (const near of [data.next, data.previous]) if (near != null && shown === data) new Image().src = `/page/${near}?px=1400`;
  }, { once: true });
  return data;
}

// The place found by layout analysis replaces the passage's box when it comes.
async function find(page, query, signal) {
  try {
    const { box: place } = await get(`/api/place/${page}`, { q: query }, signal);
    if (shown?.page === page && !signal.aborted) draw(place, false);
  } catch (error) { if (error.name !== "AbortError" && error.status !== 404) failed(error); }
}

function draw(place, first) {
  const picture = one(".sheet .pic", box);
  if (!picture) return;
  let mark = one(".box", picture);
  if (!place || (place[2] - place[0]) * (place[3] - place[1]) >= MOST) { mark?.remove(); return; }
  if (!mark) { mark = element("span", { class: "box" }); picture.append(mark); }
  const [x0, y0, x1, y1] = place.map((part) => part * 100);
  const card = one(`.hit[data-page="${shown.page}"] .box`); // the small picture agrees with the large one
  for (const frame of [mark, card]) frame && Object.assign(frame.style, { left: `${x0}%`, top: `${y0}%`, width: `${x1 - x0}%`, height: `${y1 - y0}%` });
  reveal(mark, first);
}

function reveal(mark, first) {
  const sheet = one(".sheet", box), frame = sheet.getBoundingClientRect(), place = mark.getBoundingClientRect();
  if (!first && place.top >= frame.top && place.bottom <= frame.bottom) return;
  const lead = Math.max(24, (frame.height - place.height) / 2);
  const calm = first || matchMedia("(prefers-reduced-motion: reduce)").matches;
  sheet.scrollTo({ top: sheet.scrollTop + place.top - frame.top - lead, behavior: calm ? "instant" : "smooth" });
}

function zoom(event) {
  const button = one(".zoom", box), sheet = one(".sheet", box), picture = one("img.large", box);
  if (!button || !picture) return;
  const before = picture.getBoundingClientRect();
  const [fx, fy] = event ? [(event.clientX - before.left) / before.width, (event.clientY - before.top) / before.height] : centre(before);
  const on = sheet.classList.toggle("zoomed");
  button.setAttribute("aria-pressed", on);
  button.textContent = on ? "Fit" : "Zoom";
  if (on && !picture.src.includes("px=2800")) picture.src = picture.src.replace("px=1400", "px=2800");
  const after = picture.getBoundingClientRect(), frame = sheet.getBoundingClientRect();
  sheet.scrollBy(after.left + fx * after.width - frame.left - frame.width / 2, after.top + fy * after.height - frame.top - frame.height / 2);
}

async function cite() {
  try {
    await copy(cited);
    toast("Citation copied");
  } catch (error) { failed(error); }
}

// How pages are judged may have changed elsewhere: they are asked for anew.
export const forget = () => known.clear();

// The page on the screen, for what it knows beside the answers: how it is judged.
export const on_screen = (page) => (shown?.page === page ? shown : null);

// Ends a zoom; false when there was none.
export function fitted() {
  if (!one(".sheet.zoomed", box)) return false;
  zoom();
  return true;
}

function centre(picture) {
  const mark = one(".box", box)?.getBoundingClientRect();
  if (!mark) return [0.5, 0.3];
  return [(mark.left + mark.width / 2 - picture.left) / picture.width, (mark.top + mark.height / 2 - picture.top) / picture.height];
}

async function film(page, video, play, signal) {
  const note = one(".film-note", box);
  const slow = setTimeout(() => { note.textContent = "Making this minute playable in your browser…"; }, 600);
  try {
    const { src, second } = await get(`/api/play/${page}`, {}, signal);
    if (signal.aborted) return;
    video.src = src;
    video.addEventListener("loadedmetadata", () => { video.currentTime = second; }, { once: true });
    video.addEventListener("error", () => { note.textContent = "This browser cannot play it. “Open file” gives you the original."; }, { once: true });
    note.textContent = "";
    if (play) start_playing();
  } catch (error) {
    if (error.name !== "AbortError") note.textContent = error.message;
  } finally { clearTimeout(slow); }
}

function start_playing() {
  one("video", box)?.play().catch(() => { /* the browser wants a click first: the controls are there */ });
}

export function key(event) {
  if (!shown) return;
  const lower = event.key.toLowerCase();
  if (lower === "z") zoom();
  else if (lower === "o") one("a.open", box)?.click();
  else if (event.key === "ArrowLeft" || event.key === "ArrowRight") {
    if (event.target.closest?.("video")) return;
    const target = event.key === "ArrowLeft" ? shown.previous : shown.next;
    if (target != null) actions.go(target);
  } else return;
  event.preventDefault();
}
