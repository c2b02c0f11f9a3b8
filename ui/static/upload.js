// Files from the person's disk: dropped or chosen, folders too; sent one after the other, each with its bar.

import { post, send } from "./net.js";
import { all, element, failed, one, toast } from "./dom.js";
import { lookNow } from "./app.js";

const AT_ONCE = 2;
const SUBTITLE = /\.(srt|vtt)$/i, JUNK = /^(\.|~\$|thumbs\.db$|desktop\.ini$)/i;
const waiting = [];
let busy = 0, sum = null, number = 0;

export function startUploads() {
  document.addEventListener("click", (event) => {
    const act = event.target.closest("[data-act]")?.dataset.act;
    if (act === "choose") one("#pick-files").click();
    else if (act === "choose-folder") one("#pick-folder").click();
    else if (act === "samples") samples(event.target);
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
  addEventListener("beforeunload", (event) => { if (busy || waiting.length) event.preventDefault(); });
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
  sum ||= { added: 0, known: [], ignored: 0, refused: 0 };
  for (const item of main) {
    number += 1;
    waiting.push({ ...item, subtitle: subtitles.get(stem(item.name)) || null, key: `u${number}` });
  }
  next();
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
  while (busy < AT_ONCE && waiting.length) {
    busy += 1;
    upload(waiting.shift()).finally(() => {
      busy -= 1;
      if (busy || waiting.length) next();
      else { report(sum); sum = null; }
    });
  }
}

async function upload(item) {
  try {
    rows(item, 0);
    const { ticket } = await post("/api/ticket");
    const to = (name) => `/api/upload/${ticket}?${new URLSearchParams({ name, folder: item.folder })}`;
    if (item.subtitle) await send(to(item.subtitle.name), item.subtitle.file, () => {});
    const { added, skipped, refused } = await send(to(item.name), item.file, (share) => rows(item, share));
    sum.added += added.length;
    sum.refused += refused.length;
    for (const one_of of skipped) one_of.document_id ? sum.known.push(one_of.document) : (sum.ignored += 1);
  } catch (error) {
    sum.refused += 1;
    toast(`${item.name}: ${error.message}`, { bad: true, seconds: 20 });
  } finally {
    rows(item, null);
    lookNow();
  }
}

const files = (count) => `${count.toLocaleString("en")} file${count === 1 ? "" : "s"}`;

function report({ added, known, ignored, refused }) {
  const said = [];
  if (added) said.push(`${files(added)} added`);
  if (known.length === 1) said.push(`${known[0]} was here already`);
  else if (known.length) said.push(`${files(known.length)} were here already`);
  if (ignored) said.push(`${files(ignored)} of other kinds left out`);
  if (refused) said.push(`${files(refused)} not added: the Library says why`);
  if (said.length) toast(said.join(" · "), { bad: Boolean(refused) && !added });
}

async function samples(button) {
  button.disabled = true;
  try {
    await post("/api/samples");
    await lookNow();
  } catch (error) { failed(error); } finally { button.disabled = false; }
}
