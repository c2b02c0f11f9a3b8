// Asking the server. Every failure becomes an Error whose message is fit to be read.

async function answer(response) {
  let body = null;
  try { body = await response.json(); } catch (cause) { if (cause.name === "AbortError") throw cause; /* else not ours: the status says enough */ }
  if (response.ok && body !== null) return body;
  const told = body && body.error ? `${String(body.error).replace(/\.$/, "")}. ${body.remedy || ""}`.trim() : null;
  const error = new Error(told || `The server answered ${response.status}. Try again.`);
  error.status = response.status;
  throw error;
}

async function ask(path, options) {
  let response;
  try { response = await fetch(path, options); } catch (cause) {
    if (cause.name === "AbortError") throw cause;
    throw new Error("Folioscope does not answer. Is it still running in its terminal?");
  }
  return answer(response);
}

export const get = (path, params = {}, signal = undefined) => {
  const query = new URLSearchParams(Object.entries(params).filter(([, value]) => value !== "" && value != null && value !== false));
  return ask(query.size ? `${path}?${query}` : path, { signal });
};

// `keepalive`: what a person has said arrives also when the page is left at that very moment.
export const post = (path, body = undefined) =>
  ask(path, body === undefined ? { method: "POST", keepalive: true }
    : { method: "POST", keepalive: true, headers: { "content-type": "application/json" }, body: JSON.stringify(body) });

// One file as the request's body; `progress` gets 0–1. fetch cannot tell how far an upload is. `signal` ends what has not
// been sent to its end: after that the server has it, and the answer tells.
export function send(path, file, progress, signal) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", path);
    request.setRequestHeader("content-type", "application/octet-stream");
    request.upload.onprogress = (event) => event.lengthComputable && progress(event.loaded / event.total);
    let sent = false;
    request.upload.onload = () => { sent = true; };
    signal?.addEventListener("abort", () => { if (!sent) request.abort(); });
    request.onabort = () => reject(new DOMException("It was stopped.", "AbortError"));
    request.onerror = () => reject(new Error("The connection broke."));
    request.onload = () => resolve(answer(new Response(request.responseText || "null", { status: request.status })));
    request.send(file);
  });
}
