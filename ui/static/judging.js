// Judging one answer for one question, from wherever it is shown; and taking the last judgements back, one after the other.

import { post } from "./net.js";
import { failed, toast } from "./dom.js";

const made = []; // of this visit, newest last: {query, page, before, value, paint}
const word = (value) => (value === null ? null : value ? "right" : "wrong");
const said = (value) => (value === null ? "Judgement taken back" : value ? "Kept as right for this question" : "Kept as wrong for this question");

// A browser that leaves the page ends what is on its way with an error, though it arrives (keepalive): nothing has failed then.
let leaving = false;
addEventListener("beforeunload", () => { leaving = true; setTimeout(() => { leaving = false; }, 5000); });
addEventListener("pagehide", () => { leaving = true; });
addEventListener("pageshow", () => { leaving = false; });

// `before` and `value`: true right, false wrong, null not judged. `paint(value)` shows it at once, and again when it fails.
export async function judge({ query, page, before, value, paint }) {
  const entry = { query, page, before, value, paint };
  made.push(entry); // at once: undo may be pressed before the server has answered
  if (!(await send(entry, value, before))) {
    if (made.includes(entry)) made.splice(made.indexOf(entry), 1);
    return false;
  }
  toast(said(value), { undo: { act: () => takeBack(entry) }, about: "judgement", seconds: 4 });
  return true;
}

// Of one answer: one after the other, for the last word must arrive last. Other answers never wait for it: a judgement
// that has not left yet is lost when the page is.
const onItsWay = new Map();
export const settled = () => !onItsWay.size;

function deliver(query, page, value) {
  const answer = JSON.stringify([query, page]);
  const tell = () => post("/api/judge", { query, page, verdict: word(value) });
  const before = onItsWay.get(answer), sent = before ? before.then(tell, tell) : tell();
  const end = () => { if (onItsWay.get(answer) === sent) onItsWay.delete(answer); };
  onItsWay.set(answer, sent);
  sent.then(end, end);
  return sent;
}

async function send({ query, page, paint }, value, before) {
  paint(value);
  const sent = deliver(query, page, value);
  try {
    await sent;
    document.dispatchEvent(new CustomEvent("folio-judged", { detail: { query, page, value } }));
    return true;
  } catch (error) { if (!leaving) { paint(before); failed(error); } return false; }
}

async function takeBack(entry) {
  const at = made.indexOf(entry);
  if (at >= 0) made.splice(at, 1);
  if (await send(entry, entry.before, entry.value)) {
    toast(entry.before === null ? said(null) : said(entry.before), { undo: { label: "Redo", act: () => judge(entry) }, about: "judgement", seconds: 4 });
  }
}

// The last judgement of this visit; false when there is none.
export function undo() {
  const last = made.at(-1);
  if (!last) return false;
  takeBack(last);
  return true;
}
