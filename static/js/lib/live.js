// @ts-check
// Live changes: one connection per browser, every tab hears.
//
// Under HTTP/1.1 a browser opens six connections to a host; a stream per tab would hang the seventh. So one tab holds
// the lock and reads, the others listen on a channel; when it closes, the next one takes over. The stream is replayed
// by `seq`, so a hand-over misses nothing; it begins with what has happened since the page was asked for. After three failures in a row the leader asks every 20 seconds instead.
//
// Pages listen to `smartcrm:live` on document (detail: {kind, process, record, version, stage, from}), to
// `smartcrm:live-reset` (too much was missed, or the stages of a process or one's rights in it are others now: draw
// anew what you show; detail: {process}, or nothing where all are meant) and to `smartcrm:live-status` (on | poll | off).

const CHANNEL = "smartcrm-live";
const FAILURES_BEFORE_POLL = 3;
const POLL_EVERY = 20_000;

const channel = new BroadcastChannel(CHANNEL);
/** @type {string} */
let status = "off";
/** The newest event this tab has heard of: where a hand-over begins. */
let seq = /** @type {number | null} */ (null);

/** @typedef {{type: "message" | "reset" | "status", seq?: number, detail?: any}} Said */

/** @param {Said} said */
function hear(said) {
  if (said.type === "status") {
    status = said.detail;
    document.documentElement.setAttribute("data-live", status);
    document.dispatchEvent(new CustomEvent("smartcrm:live-status", { detail: status }));
    return;
  }
  if (said.seq !== undefined) {
    if (said.type === "message" && seq !== null && said.seq <= seq) return;
    seq = said.seq;
  }
  if (said.type === "reset") document.dispatchEvent(new CustomEvent("smartcrm:live-reset", { detail: said.detail }));
  else if (said.detail) document.dispatchEvent(new CustomEvent("smartcrm:live", { detail: said.detail }));
}

/** @param {Said} said */
function say(said) {
  channel.postMessage(said);
  hear(said);
}

channel.addEventListener("message", ({ data }) => {
  if (data.type === "hello") {
    if (leading) channel.postMessage({ type: "status", detail: status });
  } else hear(data);
});

let leading = false;
let failures = 0;

/** Reads the stream until the page goes away. */
function lead() {
  leading = true;
  listen();
  return new Promise(() => {});
}

function listen() {
  const source = new EventSource(seq === null ? `/live/?age=${performance.now() | 0}` : `/live/?seq=${seq}`);
  source.addEventListener("ready", (event) => {
    failures = 0;
    say({ type: "status", detail: "on" });
    if (seq === null) say({ type: "message", seq: Number(event.lastEventId) });
  });
  for (const type of /** @type {const} */ (["reset", "message"])) {
    source.addEventListener(type, (event) => say({ type, seq: Number(event.lastEventId), detail: JSON.parse(event.data) }));
  }
  source.addEventListener("error", () => {
    failures += 1;
    if (source.readyState !== EventSource.CLOSED && failures < FAILURES_BEFORE_POLL) return;
    source.close();
    const gaveUp = failures >= FAILURES_BEFORE_POLL;
    say({ type: "status", detail: gaveUp ? "poll" : "off" });
    if (gaveUp) poll();
    else setTimeout(listen, 2000);
  });
}

/** Ask once; while the answers come, the stream is tried again at every third. */
async function poll() {
  const response = await fetch(`/live/since/${seq === null ? "" : `?seq=${seq}`}`).catch(() => null);
  if (response?.status === 401) return say({ type: "status", detail: "off" });
  if (response?.ok) {
    const answer = await response.json();
    if (answer.reset) say({ type: "reset", seq: answer.seq });
    for (const detail of answer.events) say({ type: "message", detail });
    say({ type: "message", seq: answer.seq });
    failures -= 1;
  }
  say({ type: "status", detail: response?.ok ? "poll" : "off" });
  setTimeout(failures < 1 ? listen : poll, POLL_EVERY);
}

/** Begin; called once by the entry module on pages of signed-in people. */
export function startLive() {
  channel.postMessage({ type: "hello" });
  navigator.locks.request(CHANNEL, lead);
}
