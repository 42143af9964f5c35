/**
 * The part of the dashboard's script that listens: asks for the admin key, keeps it in the tab's session storage, reads the
 * event stream through fetch (so that the key is in a header and never in an address), and reconnects. A page that is no
 * longer fed says since when. Plain JavaScript.
 */

/** Starts everything; needs what the other scripts declare. */
export const STREAM_SCRIPT = `
const KEY = "tenantry-admin-key";
const RETRY_S = [1, 2, 5, 10];
/** Without a word for this long the figures are old: one comes every second. */
const STALE_MS = 5000;

const state = { status: null, slices: [] };
let heardMs = 0;
let isStopped = false;
let abort = new AbortController();
let drawn = null;

const say = (kind, text) => {
  byId("state").dataset.state = kind;
  byId("state-text").textContent = text;
};
const ask = (problem) => {
  sessionStorage.removeItem(KEY);
  byId("gate").hidden = false;
  byId("live").hidden = true;
  byId("leave").hidden = true;
  if (problem !== null) { byId("gate-text").textContent = problem; byId("gate-text").className = "bad"; }
  say("waiting", "Not connected");
  byId("key").value = "";
  byId("key").focus();
};

const take = ({ status, slices }) => {
  state.status = status;
  const first = slices.length === 0 ? Infinity : slices[0].index;
  state.slices = [...state.slices.filter(({ index }) => index < first), ...slices].slice(-setup.mostSlices);
  heardMs = Date.now();
};

let isShowing = false;
const show = async () => {
  if (isShowing || state.status === null || document.hidden) return;
  isShowing = true;
  try {
    byId("gate").hidden = true;
    byId("live").hidden = false;
    byId("leave").hidden = false;
    drawn ??= drawCharts();
    await drawn;
    updatePanels(state);
    await updateCharts(state);
    document.documentElement.dataset.slices = String(state.slices.length);
  } finally {
    isShowing = false;
  }
};

const read = async (body) => {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    text += value;
    const events = text.split("\\n\\n");
    text = events.pop();
    for (const event of events) {
      if (event.startsWith("data: ")) take(JSON.parse(event.slice(6)));
    }
    say("live", "Live, up " + format.since(state.status.atS));
    show().catch((error) => { console.error(error); say("lost", "The page could not draw what it got: " + error.message); });
  }
};

/** One connection, from opening to its end; false when the key is refused. */
const connect = async (key) => {
  const address = location.pathname.replace(/\\/$/, "") + "/events";
  const answer = await fetch(address, { headers: { authorization: "Bearer " + key }, signal: abort.signal, cache: "no-store" });
  if (answer.status === 401 || answer.status === 403) return false;
  if (!answer.ok) throw new Error("the server answered " + answer.status);
  // Another run of the server counts its slices from 0 again.
  state.slices = [];
  await read(answer.body);
  return true;
};

const run = async (key) => {
  isStopped = false;
  for (let tries = 0; !isStopped; ) {
    try {
      say("waiting", "Connecting");
      heardMs = 0;
      if (!(await connect(key))) { ask("The server refused this key. The dashboard needs the admin key, not a tenant\\u2019s."); return; }
      tries = 0;
    } catch (error) {
      if (isStopped) return;
      if (heardMs > 0) tries = 0;
    }
    if (isStopped) return;
    const waitS = RETRY_S[Math.min(tries++, RETRY_S.length - 1)];
    say("lost", (state.status === null ? "No answer from the server" : "Connection lost; the figures are from " + new Date().toLocaleTimeString()) + ". Next try in " + waitS + " s");
    await new Promise((resolve) => setTimeout(resolve, waitS * 1000));
  }
};

byId("host").textContent = location.host;
byId("gate").addEventListener("submit", (event) => {
  event.preventDefault();
  const key = byId("key").value.trim();
  if (key === "") return;
  sessionStorage.setItem(KEY, key);
  run(key);
});
byId("leave").addEventListener("click", () => {
  isStopped = true;
  abort.abort();
  abort = new AbortController();
  state.status = null;
  state.slices = [];
  ask(null);
});
addEventListener("scroll", () => { byId("tip").hidden = true; }, { passive: true });
document.addEventListener("visibilitychange", () => { show(); });
setInterval(() => {
  if (heardMs > 0 && Date.now() - heardMs > STALE_MS && byId("state").dataset.state === "live") {
    say("lost", "Nothing heard for " + format.since((Date.now() - heardMs) / 1000) + "; the figures are that old");
  }
}, 1000);
const known = sessionStorage.getItem(KEY);
if (known === null) byId("key").focus();
else run(known);
`;
