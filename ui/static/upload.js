// Files from the person's disk: dropped or chosen, folders too; sent one after the other, each with its bar.

import { post, send } from "./net.js";
import { all, element, failed, one, toast } from "./dom.js";
import { lookNow } from "./app.js";

const AT_ONCE = 2;
const SMALL = 1e6; // bytes that are there before a stop could reach them: the server leaves them out again
const SUBTITLE = /\.(srt|vtt)$/i, JUNK = /^(\.|~\$|thumbs\.db$|desktop\.ini$)/i;
const waiting = [], sending = new Set();
let sum = null, number = 0, stopping = false, server = { reading: 0, paused: 0 };

export function startUploads() {
  document.addEventListener("click", (event) => {
    const act = event.target.closest("[data-act]")?.dataset.act;
    if (act === "choose") one("#pick-files").click();
    else if (act === "choose-folder") one("#pick-folder").click();
    else if (act === "samples") samples(event.target);
    else if (act === "stop-all") stop();
    else if (act === "resume-all") post("/api/reading/resume").then(lookNow, failed);
  });
  one("#pick-files").addEventListener("change", (event) => take([...event.target.files].map((file) => ({ file, name: file.name, folder: false })), event.target));
  one("#pick-folder").addEventListener("change", (event) => take([...event.target.files].map((file) => ({ file, name: file.webkitRelativePath || file.name, folder: true })), event.target));
  let depth = 0;
  const files = (event) => event.dataTransfer?.types.includes("Files");
  const light = (on) => { for (const zone of all(".drop")) zone.classList.toggle("over", on); document.body.classList.toggle("dropping", on); };
  addEventListener("dragenter", (event) => { if (files(event)) { depth += 1; light(true); event.preventDefault(); } }, true);
  addEventListener("dragleave", (event) => { if (files(event)) { depth -= 1; if (depth <= 0) { depth = 0; light(false); } } }, true);
  addEventListener("dragover", (event) => { if (files(event)) { event.preventDefault(); event.dataTransfer.dropEffect = "copy"; } }, true);
  addEventListener("drop", async (event) => {
    if (!files(event)) return;
    event.preventDefault();
    event.stopPropagation();
    depth = 0;
    light(false);
    try { take(await dropped(event.dataTransfer)); } catch (error) { failed(error); }
  }, true);
  addEventListener("beforeunload", (event) => { if (sending.size || waiting.length) event.preventDefault(); });
}

// Entries must be asked for before the first await: the browser empties the list after the event.
async function dropped(transfer) {
  const entries = [...transfer.items].filter((item) => item.kind === "file").map((item) => item.webkitGetAsEntry?.() || item.getAsFile());
  const found = [];
  for (const entry of entries) {
    if (entry instanceof File) found.push({ file: entry, name: entry.name, folder: false });
    else if (entry) await walk(entry, "", found, false);
  }
  return found;
}

async function walk(entry, above, found, folder) {
  if (entry.isFile) {
    const file = await new Promise((resolve, reject) => entry.file(resolve, reject));
    found.push({ file, name: above + entry.name, folder });
    return;
  }
  const reader = entry.createReader();
  for (;;) { // a reader gives a hundred entries at a time
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!some.length) return;
    for (const child of some) await walk(child, `${above}${entry.name}/`, found, true);
  }
}

const stem = (name) => name.replace(/\.[^./]*$/, "").toLowerCase();

function take(files, input = null) {
  const kept = files.filter(({ name, folder }) => !(folder && name.split("/").some((part) => JUNK.test(part))));
  const subtitles = new Map(kept.filter(({ name }) => SUBTITLE.test(name)).map((item) => [stem(item.name), item]));
  const main = kept.filter(({ name }) => !SUBTITLE.test(name));
  if (input) input.value = "";
  const stems = new Set(main.map(({ name }) => stem(name)));
  const alone = [...subtitles].filter(([name, item]) => !stems.has(name) && !item.folder);
  if (alone.length) toast("Subtitles come with their video: drop both together.", { bad: true });
  if (!main.length) { if (!alone.length) toast("There was no file in it."); return; }
  queue(main.map((item) => ({ ...item, subtitle: subtitles.get(stem(item.name)) || null })));
}

function queue(items) {
  sum ||= { added: 0, known: [], back: [], ignored: 0, refused: 0, lost: [], unsent: 0 };
  for (const item of items) {
    number += 1;
    waiting.push({ ...item, key: `u${number}`, halt: new AbortController() });
  }
  next();
}

// The line above the rows: what is still to come, and one button for all of it. It stays the same element: its button
// keeps the focus while the rows change.
export function reading(status) { server = status; line(); }

function line() {
  const unsent = waiting.length + sending.size, { reading: left, paused } = server;
  const going = unsent > 0 || left > 1, halted = !going && !left && paused > 1;
  const said = [unsent ? `${files(unsent)} still to be sent` : "", left ? `${files(left)} still being read` : ""].filter(Boolean).join(" · ");
  for (const box of all(".files")) {
    let row = box.previousElementSibling;
    if (!row?.matches(".all-files")) {
      row = element("div", { class: "all-files", hidden: true }, element("span", { class: "num" }), element("button", { type: "button", class: "btn" }));
      box.before(row);
    }
    row.hidden = !going && !halted;
    const button = one("button", row), act = halted ? "resume-all" : "stop-all";
    one("span", row).textContent = halted ? `${files(paused)} paused` : said;
    if (button.dataset.act === act) continue;
    button.dataset.act = act;
    button.textContent = halted ? "Go on with all" : "Stop all";
    button.title = halted ? "" : "What was read stays, the rest is left out";
  }
}

function rows(item, share) {
  for (const box of all(".files")) {
    let row = one(`[data-upload="${item.key}"]`, box);
    if (share === null) { row?.remove(); box.hidden = !box.children.length; continue; }
    if (!row) {
      const bar = element("div", { class: "bar" }, element("i"));
      row = element("div", { class: "sending", "data-upload": item.key }, element("b", { title: item.name }, item.name),
        element("div", {}, bar, element("span", { class: "sub num" })), element("span"));
      box.prepend(row);
      box.hidden = false;
    }
    one("i", row).style.setProperty("--p", `${Math.round(share * 100)}%`);
    one(".sub", row).textContent = share >= 1 ? "taking it in" : `on its way · ${Math.round(share * 100)} %`;
  }
}

async function next() {
  while (sending.size < AT_ONCE && waiting.length) {
    const item = waiting.shift();
    sending.add(item);
    item.ended = upload(item).finally(() => {
      sending.delete(item);
      if (sending.size || waiting.length) next();
      else { if (!stopping) report(sum); sum = null; line(); }
    });
  }
  line();
}

// What is on its way is stopped first, then the reading, so that nothing comes after it.
async function stop() {
  if (stopping) return;
  stopping = true;
  const drop = sum;
  let out = waiting.splice(0).length;
  for (const item of sending) if (item.file.size > SMALL) item.halt.abort();
  try {
    await Promise.allSettled([...sending].map((item) => item.ended));
    const { stayed, left_out } = await post("/api/reading/stop");
    out += left_out + (drop?.unsent || 0);
    const stay = stayed ? `${files(stayed)} stay${stayed === 1 ? "s" : ""}` : "nothing was read yet";
    toast(`Stopped: ${stay}${out ? `, ${files(out)} left out` : ""}`, { seconds: 10 });
  } catch (error) { failed(error); } finally { stopping = false; lookNow(); }
}

async function upload(item) {
  try {
    rows(item, 0);
    const { ticket } = await post("/api/ticket");
    item.halt.signal.throwIfAborted();
    const to = (name) => `/api/upload/${ticket}?${new URLSearchParams({ name, folder: item.folder })}`;
    if (item.subtitle) await send(to(item.subtitle.name), item.subtitle.file, () => {});
    item.halt.signal.throwIfAborted();
    const { added, skipped, refused, back } = await send(to(item.name), item.file, (share) => rows(item, share), item.halt.signal);
    sum.added += added.length;
    sum.refused += refused.length;
    sum.back.push(...back);
    if (!back.length) for (const one_of of skipped) one_of.document_id ? sum.known.push(one_of.document) : (sum.ignored += 1);
  } catch (error) {
    if (error.name === "AbortError") sum.unsent += 1;
    else if (!error.status || error.status >= 500) sum.lost.push({ item, why: error.message });
    else toast(`${item.name}: ${error.message}`, { bad: true, seconds: 20 });
  } finally {
    rows(item, null);
    lookNow();
  }
}

const files = (count) => `${count.toLocaleString("en")} file${count === 1 ? "" : "s"}`;

function report({ added, known, back, ignored, refused, lost }) {
  const said = [];
  if (added) said.push(`${files(added)} ${added === 1 ? "is" : "are"} being read`); // then it shows whether they can be
  if (back.length) said.push(back.length === 1 ? back[0] : `${files(back.length)} are back from the bin`);
  if (known.length === 1) said.push(`${known[0]} was here already`);
  else if (known.length) said.push(`${files(known.length)} were here already`);
  if (ignored) said.push(`${files(ignored)} of other kinds left out`);
  if (refused) said.push(`${files(refused)} not added: the Library says why`);
  if (said.length) toast(said.join(" · "), { bad: Boolean(refused) && !added });
  if (!lost.length) return;
  const what = lost.length === 1 ? lost[0].item.name : files(lost.length);
  const again = () => queue(lost.map(({ item }) => item));
  toast(`${what} not sent: ${lost[0].why}`, { bad: true, seconds: 60, undo: { label: "Try again", act: again } });
}

async function samples(button) {
  button.disabled = true;
  try {
    await post("/api/samples");
    await lookNow();
  } catch (error) { failed(error); } finally { button.disabled = false; }
}
