// The visual client: four views of one ledger, for whoever signs in with a member's certificate and key. What it shows
// is what the service gives this member; what it hands in is signed here. It must not keep anything.
import { Member, Refusal, body, checkClaim, headerId, hex, idOf, sha256, unhex } from "./ledger.mjs";
import { NAMES, WORDS } from "./words.mjs";

const page = { language: navigator.language.startsWith("zh") ? 0 : 1, member: null, me: null, health: null, live: null, turn: 0 };
const CODES = ["zh-CN", "en"];
const view = document.getElementById("view");

const t = (key, ...values) => WORDS[key][page.language].replace(/\{(\d)\}/g, (_, at) => values[at]);
const called = (name) => NAMES[name]?.[page.language] ?? NAMES[String(name).replace(/-/g, "_")]?.[page.language] ?? String(name);

function el(tag, fields = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(fields)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value !== undefined && value !== false) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return made;
}

function notice(said, bad = false) {
  const place = document.getElementById("notice");
  place.textContent = said;
  place.className = bad ? "bad" : "";
}

function told(error) {
  if (error instanceof Refusal) return `${error.message} (${error.code})`;
  return error instanceof TypeError ? t("offline") : error.message;
}

// Runs what a person asked for; whatever is refused is said where it is heard.
const doing = (work) => async (event) => {
  event?.preventDefault();
  const button = event?.submitter ?? event?.currentTarget;
  if (button instanceof HTMLButtonElement) button.disabled = true;
  notice("");
  try { await work(event); } catch (error) { notice(told(error), true); }
  if (button instanceof HTMLButtonElement) button.disabled = false;
};
const ask = (target) => page.member.ask(target, CODES[page.language]);

// --- values as people read them ---

const moment = (seconds) => new Date((seconds + 8 * 3600) * 1000).toISOString().slice(0, 16).replace("T", " ");
const TIMES = new Set(["starts", "due", "expiry"]);
const INSTANCES = new Set(["visit", "slot", "choice"]);

function shown(name, value) {
  if (value === null || value === undefined) return "—";
  if (name === "fee") return page.language ? `${(value / 100).toFixed(2)} yuan` : `${(value / 100).toFixed(2)} 元`;
  if (TIMES.has(name)) return moment(value);
  if (INSTANCES.has(name)) return t("instance", value);
  if (Array.isArray(value)) return value.map(called).join(page.language ? ", " : "、");
  return /^[0-9a-f]{64}$/.test(value) ? el("code", { title: value }, `${value.slice(0, 16)}…`) : called(value);
}

const line = (name, value) => [el("dt", {}, called(name)), el("dd", {}, shown(name, value))];
const table = (caption, heads, rows) => el("div", { class: "scroll" }, el("table", {},
  el("caption", {}, caption),
  el("thead", {}, el("tr", {}, heads.map((key) => el("th", { scope: "col" }, t(key))))),
  el("tbody", {}, rows.map((cells) => el("tr", {}, cells.map((cell) => cell instanceof HTMLTableCellElement ? cell : el("td", {}, cell)))))));
const time = (seconds) => el("td", { class: "time" }, moment(seconds));
const field = (label, input) => el("label", {}, label, input);
const submit = (label, extra = {}) => el("button", { type: "submit", ...extra }, label);

// What a view puts on the page; nothing once another view has been asked for, however late an answer comes.
function drawing() {
  const turn = ++page.turn;
  return (...nodes) => { if (turn === page.turn) view.replaceChildren(...nodes); };
}

// --- signing in ---

function signIn() {
  const put = drawing();
  const certificate = el("input", { type: "file", id: "certificate", accept: ".der", required: true });
  const key = el("input", { type: "file", id: "key", accept: ".key", required: true });
  const enter = doing(async () => {
    const secret = await key.files[0].text();
    if (!/^[0-9a-f]{64}\n?$/.test(secret)) throw new Error(t("bad_key"));
    page.health = await (await fetch("/v1/health")).json();
    const der = new Uint8Array(await certificate.files[0].arrayBuffer());
    try { page.member = await Member.from(der, secret, page.health.channel); } catch { throw new Error(t("no_ed25519")); }
    try { page.me = await ask("/v1/me"); } catch (error) { page.member = null; throw error; }
    const first = page.me.role === "auditor" ? "#audit" : page.me.kind === "Patient" ? "#history" : "#work";
    if (location.hash && location.hash !== "#view") await show();
    else location.hash = first;
  });
  put(el("h2", {}, t("signin")), el("p", {}, t("signin_why")), el("form", { class: "card", onsubmit: enter },
    field(t("certificate"), certificate), field(t("key"), key), submit(t("enter"), { id: "enter" })));
}

// --- the work list ---

const CONTRACTS = ["Referral", "Visit", "Slot", "HealthRecord", "Consent"];

// What a party of a referral may do in a state: [state, party, action, what it asks for].
const STEPS = [
  ["requested", "regulator", "approve"], ["requested", "regulator", "reject", "reason"],
  ["escalated", "upper", "approve"], ["escalated", "upper", "reject", "reason"],
  ["approved", "patient", "book", "choice"], ["approved", "receiver", "decline", "reason"],
  ["booked", "receiver", "admit"], ["booked", "patient", "cancel"], ["arrival", "receiver", "admit"],
  ["treating", "receiver", "report", "digest"], ["reported", "origin", "settle"], ["reported", "receiver", "settle"],
];
const TOGETHER = { settle: ["origin", "receiver"], request: ["origin", "patient"] };

async function work() {
  const put = drawing();
  const chosen = new URLSearchParams(location.hash.split("?")[1] ?? "").get("contract") ?? "Referral";
  const select = el("select", { id: "contract", onchange: () => { location.hash = `#work?contract=${select.value}`; } },
    CONTRACTS.map((name) => el("option", { value: name, selected: name === chosen }, called(name))));
  const found = await ask(`/v1/contracts/${chosen}/instances`);
  const more = found.more ? el("p", {}, t("more", found.instances.length)) : null;
  const parts = [el("h2", {}, t("work")), field(t("contract"), select), found.instances.map(card), more];
  if (!found.instances.length) parts.push(el("p", {}, t("none")));
  if (chosen === "Referral" && page.health.writable) parts.push(...await forms());
  put(...parts.flat().filter(Boolean));
}

function card(row) {
  const mine = row.contract === "Referral" && page.health.writable
    ? STEPS.filter(([state, party]) => row.state === state && page.me.names.includes(row.values[party])) : [];
  return el("article", { class: "card", "data-instance": row.instance },
    el("h3", {}, `${called(row.contract)} ${row.instance} `, el("span", { class: "state" }, called(row.state))),
    el("dl", {}, Object.entries(row.values).map(([name, value]) => line(name, value)), el("dt", {}, t("since")), el("dd", {}, moment(row.entered))),
    mine.length ? el("div", { class: "actions" }, mine.map((step) => stepForm(row, step))) : null);
}

function stepForm(row, [, , action, wanted]) {
  const input = wanted === "digest" ? el("input", { type: "file", required: true })
    : wanted === "reason" ? el("select", {}, ["no-bed", "no-indication"].map((code) => el("option", { value: code }, called(code))))
    : wanted === "choice" ? el("input", { type: "number", min: 0, required: true }) : null;
  const label = wanted === "digest" ? t("file_digest") : wanted === "choice" ? t("slot_number") : wanted ? called(wanted) : "";
  const act = doing(async () => {
    const given = {};
    if (wanted === "digest") given.digest = await digestOf(input);
    if (wanted === "reason") given.reason = input.value;
    if (wanted === "choice") given.choice = Number(input.value);
    const others = (TOGETHER[action] ?? []).map((party) => row.values[party]).filter((name) => name !== page.me.member);
    await hand("Referral", action, row.instance, given, others);
  });
  return el("form", { class: "actions", onsubmit: act, "data-action": action }, input ? field(label, input) : null, submit(called(action)));
}

async function digestOf(input) {
  if (!input.files.length) throw new Error(t("choose_file"));
  return hex(await sha256(new Uint8Array(await input.files[0].arrayBuffer())));
}

// What can be chosen: who is in the directory, and the visits that are under way in one's own list.
async function choices() {
  const { nodes } = await ask("/v1/directory");
  const { instances } = await ask("/v1/contracts/Visit/instances");
  const named = (kind) => nodes.filter((one) => one.kind === kind && one.name !== page.me.member).map((one) => [one.name, one.name]);
  const visits = instances.filter((row) => row.state === "current" && row.values.holder === page.me.member)
    .map((row) => [row.instance, `${row.values.number} (${row.values.patient})`]);
  return { receiver: named("Hospital"), regulator: named("Commission"), upper: named("Commission"), patient: named("Patient"), visit: visits };
}

async function forms() {
  const offered = page.me.kind === "Hospital" ? await choices() : {};
  const [receiver, patient, regulator, upper, visit] = ["receiver", "patient", "regulator", "upper", "visit"].map((name) => el("select",
    { name, required: true }, (offered[name] ?? []).map(([value, label]) => el("option", { value }, label))));
  const fee = el("input", { type: "number", name: "fee", min: 0, step: "0.01", value: "900", required: true });
  const papers = el("input", { type: "file", name: "evidence", required: true });
  const request = doing(async () => hand("Referral", "request", null, {
    origin: page.me.member, receiver: receiver.value, patient: patient.value, regulator: regulator.value, upper: upper.value,
    visit: Number(visit.value), fee: Math.round(Number(fee.value) * 100), evidence: await digestOf(papers),
  }, [patient.value]));
  const pasted = el("textarea", { id: "pasted", rows: 4, class: "hash", required: true });
  const read = el("form", { class: "card", onsubmit: doing(() => cosign(pasted.value)) },
    el("div", { class: "wide" }, field(t("paste"), pasted)), submit(t("read"), { class: "quiet" }));
  const asks = page.me.kind === "Hospital" ? [el("h3", {}, t("new_request")), el("form", { class: "card", id: "request", onsubmit: request },
    field(called("receiver"), receiver), field(called("patient"), patient), field(called("regulator"), regulator), field(called("upper"), upper),
    field(called("visit"), visit), field(`${called("fee")} (${page.language ? "yuan" : "元"})`, fee), field(t("file_evidence"), papers), submit(t("draft")))] : [];
  return [...asks, el("h3", {}, t("cosign")), read, el("div", { id: "draft" })];
}

// A transaction of this member, and of others where the contract wants several: drafted, signed, handed in or on.
async function hand(contract, action, instance, given, others) {
  page.me = await ask("/v1/me");
  const listed = Object.keys(given).sort().map((name) => ({ name, value: given[name] }));
  const drafted = body(page.me.channel, page.health.suite, page.me.next_nonce, [page.me.member, ...others], { action, arguments: listed, contract, instance });
  const signature = await page.member.sign(await idOf(drafted));
  const signatures = drafted.signers.map((name) => (name === page.me.member ? signature : ""));
  if (signatures.every(Boolean)) await send({ body: drafted, signatures });
  else showDraft({ body: drafted, signatures });
}

function showDraft(draft) {
  const missing = draft.body.signers.filter((_, at) => !draft.signatures[at]);
  const area = el("textarea", { rows: 6, readonly: true, class: "hash", id: "handed", "aria-label": t("cosign") });
  area.value = JSON.stringify(draft);
  document.getElementById("draft").replaceChildren(el("section", { class: "card" }, el("p", {}, t("cosign_why")),
    el("p", {}, t("waits_for", missing.join(", "))), el("form", {}, el("div", { class: "wide" }, area))));
}

async function cosign(pasted) {
  let draft;
  try { draft = JSON.parse(pasted); await idOf(draft.body); draft.body.payload.arguments.map((one) => one.name); } catch { throw new Error(t("bad_draft")); }
  const at = draft.body.signers.indexOf(page.me.member);
  if (at < 0 || draft.body.channel !== page.me.channel) throw new Error(t("not_yours"));
  const { action, arguments: given, contract, instance } = draft.body.payload;
  const sign = doing(async () => {
    draft.signatures[at] = await page.member.sign(await idOf(draft.body));
    if (draft.signatures.every(Boolean)) await send(draft); else showDraft(draft);
  });
  document.getElementById("draft").replaceChildren(el("section", { class: "card" },
    el("h3", {}, `${called(contract)}${instance === null ? "" : ` ${instance}`}: ${called(action)}`),
    el("dl", {}, given.map((one) => line(one.name, one.value)), el("dt", {}, t("signers")), el("dd", {}, draft.body.signers.join(", "))),
    el("button", { type: "button", id: "cosign", onclick: sign }, t("sign_send"))));
}

async function send(transaction) {
  const { canonical } = await import("./canonical.mjs");
  const answer = await page.member.request("POST", "/v1/transactions", canonical(transaction), CODES[page.language]);
  const { tx } = await answer.json();
  let said = t("waiting"), bad = false;
  try {
    const { receipt, height } = await ask(`/v1/transactions/${tx}`);
    bad = receipt.status !== "applied";
    said = bad ? t("refused", receipt.code) : t("applied", `${t("height")} ${height}`);
  } catch (error) { if (error.code !== "query.not_found") throw error; }
  await show();
  notice(said, bad);
}

// --- a patient's history ---

async function history() {
  const put = drawing();
  const own = page.me.kind === "Patient";
  const patient = el("input", { id: "patient", required: true, value: own ? page.me.member : "", autocomplete: "off" });
  const place = el("div");
  const find = doing(async () => {
    const name = encodeURIComponent(patient.value.trim());
    const [kept, trace] = [await ask(`/v1/patients/${name}/records`), await ask(`/v1/patients/${name}/trace`)];
    place.replaceChildren(el("h3", {}, t("records")), ...kept.instances.map(card), kept.instances.length ? "" : el("p", {}, t("none")),
      trace.entries.length ? table(t("trace"), ["when", "who", "did", "about", "why"], trace.entries.map(traced)) : "");
  });
  put(el("h2", {}, t("history")), el("form", { class: "actions", onsubmit: find }, field(t("patient"), patient), submit(t("show")),
    el("button", { type: "button", class: "quiet", onclick: () => print() }, t("print"))), place);
  if (own) await find();
}

function traced(one) {
  const denied = one.act === "denied";
  const verdict = denied ? el("span", { class: "denied" }, `✕ ${one.code}`) : one.act === "read" ? el("span", { class: "fine" }, `✓ ${t("allowed")}`) : "";
  const who = [one.who, ...one.beside].join(page.language ? ", " : "、");
  const did = one.act === "read" ? t("read_") : t(one.act);
  return [time(one.at), who, `${did}${page.language ? ": " : "："}${one.fields.map(called).join(page.language ? ", " : "、")}`,
    `${called(one.contract)} ${one.record}`, el("td", {}, one.purpose ? `${called(one.purpose)} ` : "", verdict)];
}

// --- the commission's view ---

async function audit() {
  const put = drawing();
  const region = el("input", { id: "region", required: true, value: page.me.region ?? "", autocomplete: "off" });
  const place = el("div");
  const find = doing(async () => {
    const found = await ask(`/v1/regions/${encodeURIComponent(region.value.trim())}/audit`);
    place.replaceChildren(found.events.length ? table(t("events"), ["when", "signers", "did", "about", "parties", "outcome"], found.events.map(audited)) : el("p", {}, t("none")),
      found.more ? el("p", {}, t("more", found.events.length)) : "");
  });
  const parts = [el("h2", {}, t("audit"))];
  if (page.me.role !== "auditor") parts.push(el("p", {}, t("not_auditor")));
  else parts.push(el("form", { class: "actions", onsubmit: find }, field(t("region"), region), submit(t("show")),
    el("button", { type: "button", class: "quiet", onclick: () => print() }, t("print"))), place);
  put(...parts);
  if (page.me.role === "auditor" && page.me.region) await find();
}

function audited(one) {
  const comma = page.language ? ", " : "、";
  const outcome = one.code ? el("span", { class: "denied" }, `✕ ${one.code}`) : el("span", { class: "fine" }, `✓ ${t("fine")}`);
  const fields = (one.body.fields ?? []).map(([name]) => called(name)).join(comma);
  const did = one.kind === "read" ? `${t("read_")}${page.language ? ": " : "："}${fields}` : called(one.body.action ?? one.body.name ?? one.kind);
  return [time(one.at), one.signers.join(comma) || t("by_time"), did, one.instance === null ? "" : `${called(one.contract)} ${one.instance}`, one.parties.join(comma), el("td", {}, outcome)];
}

// --- the blocks ---

async function blocks() {
  const put = drawing();
  const chosen = location.hash.match(/^#blocks\/(\d+)$/)?.[1];
  if (chosen) return block(Number(chosen));
  const { height } = await ask("/v1/tip");
  const rows = [];
  for (let at = height; at > Math.max(0, height - 20); at--) rows.push(await ask(`/v1/blocks/${at}`));
  put(el("h2", {}, t("blocks")), table(t("latest"), ["height", "when", "block_id", "transactions"], rows.map((one) => [
    el("a", { href: `#blocks/${one.header.height}` }, String(one.header.height)), time(one.header.time),
    el("td", {}, el("code", {}, `${one.id.slice(0, 24)}…`)), one.transactions.map((tx) => `${called(tx.kind)} (${tx.signers.join(", ")})`).join("; "),
  ])), el("p", {}, `● ${t("live")}`));
}

async function block(height) {
  const put = drawing();
  const one = await ask(`/v1/blocks/${height}`);
  const fact = (key, value) => [el("dt", {}, t(key)), el("dd", {}, value)];
  put(el("h2", {}, t("block", height)), el("dl", {},
    fact("when", moment(one.header.time)), fact("block_id", el("code", {}, one.id)), fact("previous", el("code", {}, one.header.previous)),
    fact("state_root", el("code", {}, one.header.state_root)), fact("transactions_root", el("code", {}, one.header.transactions_root)),
    fact("proposer", one.header.proposer), fact("votes", t(one.certificate ? "has_votes" : "no_votes"))),
    ...one.transactions.map((tx, index) => transaction(one, tx, index)), el("p", {}, el("a", { href: "#blocks" }, t("back"))));
}

function transaction(one, tx, index) {
  const place = el("p", { "aria-live": "polite" });
  const prove = doing(async () => {
    const claim = await ask(`/v1/blocks/${one.header.height}/proofs/${index}`);
    try {
      const leaf = await checkClaim(claim);
      if ((await headerId(claim.header)) !== one.id || hex(await idOf(leaf.body)) !== tx.tx) throw new Error("proof");
      place.replaceChildren(el("span", { class: "fine" }, `✓ ${t("proved", claim.path.length)}`));
    } catch { place.replaceChildren(el("span", { class: "denied" }, `✕ ${t("not_proved")}`)); }
  });
  return el("article", { class: "card" }, el("h3", {}, `${called(tx.kind)}: ${tx.signers.join(", ")}`), el("p", {}, el("code", {}, tx.tx)),
    el("div", { class: "actions" }, el("button", { type: "button", class: "quiet prove", onclick: prove }, t("prove"))), place);
}

// New blocks, as they are decided: the list of blocks is drawn again, nothing that somebody is typing into.
async function listen() {
  page.live?.abort();
  page.live = new AbortController();
  const { height } = await ask("/v1/tip");
  try {
    const stream = await page.member.request("GET", `/v1/stream?from=${height + 1}`, undefined, CODES[page.language], page.live.signal);
    const reader = stream.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let part = await reader.read(); !part.done; part = await reader.read())
      if (part.value.includes("event: block") && location.hash === "#blocks") await blocks();
  } catch (error) { if (error.name !== "AbortError") notice(told(error), true); }
}

// --- the frame ---

const VIEWS = { work, history, audit, blocks };

function frame() {
  document.documentElement.lang = CODES[page.language];
  for (const one of document.querySelectorAll("[data-say]")) one.textContent = t(one.dataset.say);
  document.title = `${t("title")} · yilian`;
  const switched = document.getElementById("language");
  [switched.textContent, switched.lang] = page.language ? ["中文", "zh"] : ["English", "en"];
  const who = document.getElementById("who");
  if (!page.me) return who.replaceChildren();
  const leave = el("button", { type: "button", class: "quiet", onclick: () => location.reload() }, t("leave"));
  return who.replaceChildren(`${t("is", page.me.member, [page.me.kind && called(page.me.kind), t(page.me.role)].filter(Boolean).join(page.language ? ", " : "，"))} `, leave);
}

async function show() {
  frame();
  const name = location.hash.slice(1).split(/[/?]/)[0];
  for (const one of document.querySelectorAll("nav a")) one.setAttribute("aria-current", one.hash === `#${name}` && page.me ? "page" : "false");
  if (!page.me) return signIn();
  if (!page.live) listen();
  return (VIEWS[name] ?? work)();
}

const again = doing(show);
window.addEventListener("hashchange", again);
document.getElementById("language").addEventListener("click", () => { page.language = 1 - page.language; again(); });
again();
