// Small helpers of the page. Markup comes from the server, escaped there; text from here goes in as text.

export const one = (selector, within = document) => within.querySelector(selector);
export const all = (selector, within = document) => [...within.querySelectorAll(selector)];

export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) made.setAttribute(name, "");
    else if (value !== false && value != null) made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

// Puts keyed children ([data-key]) where they belong and touches only those that changed: no flicker, no lost focus.
export function patch(container, html) {
  const wanted = document.createElement("template");
  wanted.innerHTML = html;
  const present = new Map([...container.children].map((child) => [child.dataset.key, child]));
  let at = container.firstElementChild;
  for (const fresh of [...wanted.content.children]) {
    const old = present.get(fresh.dataset.key);
    const source = fresh.outerHTML;
    let place = fresh;
    if (old && old.dataset.key !== undefined) {
      present.delete(fresh.dataset.key);
      if (old.source === source) place = old;
      else {
        const held = old.contains(document.activeElement) ? document.activeElement.dataset.act : null;
        if (at === old) at = fresh;
        old.replaceWith(fresh);
        const again = held && one(`[data-act="${held}"]`, fresh);
        if (again) again.focus();
      }
    }
    place.source = source;
    if (place === at) at = at.nextElementSibling;
    else container.insertBefore(place, at);
  }
  while (at) { const next = at.nextElementSibling; at.remove(); at = next; }
  for (const child of present.values()) child.remove();
}

// A line at the bottom. `undo` makes it a way back: {label, act}. One that says otherwise `about` the same thing goes.
export function toast(text, { undo = null, bad = false, about = null, seconds = undo ? 10 : 5 } = {}) {
  const box = one(".toasts");
  if (about) one(`[data-about="${about}"]`, box)?.remove();
  const line = element("div", { class: bad ? "toast bad" : "toast", "data-about": about }, element("span", {}, text));
  const close = () => line.remove();
  if (undo) {
    const button = element("button", { type: "button", class: "link" }, undo.label || "Undo");
    button.addEventListener("click", () => { close(); undo.act(); });
    line.append(button);
  }
  const shut = element("button", { type: "button", class: "shut", "aria-label": "Close" }, "×");
  shut.addEventListener("click", close);
  line.append(shut);
  while (box.children.length >= 4) box.firstElementChild.remove();
  box.append(line);
  let timer = setTimeout(close, seconds * 1000);
  line.addEventListener("pointerenter", () => clearTimeout(timer));
  line.addEventListener("pointerleave", () => { timer = setTimeout(close, 3000); });
}

// The clipboard needs a secure page; over plain HTTP from another machine the old way still works.
export async function copy(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const held = element("textarea", { class: "sr" });
  held.value = text;
  document.body.append(held);
  held.select();
  const done = document.execCommand("copy");
  held.remove();
  if (!done) throw new Error("This browser does not let a page copy.");
}

export const failed = (error) => { if (error.name !== "AbortError") toast(error.message, { bad: true, seconds: 8 }); };

export const narrow = () => matchMedia("(max-width: 900px)").matches;

// The address bar: what is asked and shown, so that reload, back and a sent link work.
export const address = () => Object.fromEntries(new URLSearchParams(location.search));

export function move(params, { replace = false } = {}) {
  const query = new URLSearchParams(Object.entries(params).filter(([, value]) => value !== "" && value != null));
  const target = query.size ? `/?${query}` : "/";
  if (target === location.pathname + location.search) return;
  history[replace ? "replaceState" : "pushState"](history.state, "", target);
}
