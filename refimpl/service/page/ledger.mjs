// What the page needs of the ledger: digests, the member's key, signed requests and transactions, and proofs checked
// here rather than believed. The key stays in this page: it is imported so that it cannot be read out again.
import { canonical } from "./canonical.mjs";

const text = new TextEncoder();
export const hex = (bytes) => Array.from(new Uint8Array(bytes), (one) => one.toString(16).padStart(2, "0")).join("");
export const unhex = (written) => Uint8Array.from(written.match(/../g) ?? [], (pair) => parseInt(pair, 16));
export const sha256 = async (bytes) => new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
const joined = (...parts) => Uint8Array.from(parts.flatMap((part) => [...part]));
export const tagged = (tag, bytes) => sha256(joined(text.encode(tag), [0], bytes));
const base64 = (bytes) => btoa(String.fromCharCode(...bytes));

// An Ed25519 secret in PKCS #8 (RFC 8410): these 16 bytes, then the secret.
const PKCS8 = unhex("302e020100300506032b657004220420");

export class Refusal extends Error {
  constructor(status, told) {
    super(told.message);
    this.status = status;
    this.code = told.code;
  }
}

export class Member {
  static async from(certificate, secret, channel) {
    if (!/^[0-9a-f]{64}\n?$/.test(secret)) throw new Error("key");
    const pkcs8 = joined(PKCS8, unhex(secret.trim()));
    const key = await crypto.subtle.importKey("pkcs8", pkcs8, "Ed25519", false, ["sign"]);
    return Object.assign(new Member(), { certificate, key, channel });
  }

  async sign(digest) {
    return hex(await crypto.subtle.sign("Ed25519", this.key, digest));
  }

  // APP-050: the request and everything about it is signed.
  async request(method, target, body, language, signal) {
    const [path, query = ""] = target.split("?");
    const bytes = text.encode(body ?? "");
    const time = Math.floor(Date.now() / 1000), nonce = hex(crypto.getRandomValues(new Uint8Array(16)));
    const said = { body: hex(await sha256(bytes)), channel: this.channel, method, nonce, path, query, time };
    const signature = await this.sign(await tagged("yilian/request/v1", text.encode(canonical(said))));
    const headers = {
      "accept-language": language, "yilian-certificate": base64(this.certificate), "yilian-nonce": nonce,
      "yilian-signature": signature, "yilian-time": String(time),
    };
    const answer = await fetch(target, { method, headers, body: body === undefined ? undefined : bytes, signal });
    if (!answer.ok) throw new Refusal(answer.status, await answer.json());
    return answer;
  }

  async ask(target, language) {
    return (await this.request("GET", target, undefined, language)).json();
  }
}

// DAT-060 to DAT-062: the body of a command, and what every signer signs.
export function body(channel, suite, nonce, signers, payload) {
  const [sender, ...others] = signers;
  return { channel, kind: "command", nonce, payload, signers: [sender, ...others.sort()], suite };
}
export const idOf = (drafted) => tagged("yilian/tx/v1", text.encode(canonical(drafted)));

// DAT-083: what a block is called.
export const headerId = async (header) => hex(await tagged("yilian/block/v1", text.encode(canonical(header))));

const leaf = (bytes) => sha256(joined([0], bytes));
const node = (left, right) => sha256(joined([1], left, right));

// RFC 9162, 2.1.3.2; throws where the way does not lead from the leaf to the root.
export async function checkInclusion(root, size, index, bytes, path) {
  let [at, last, found] = [index, size - 1, await leaf(bytes)];
  if (!(at >= 0 && at < size)) throw new Error("proof");
  for (const sibling of path.map(unhex)) {
    if (last === 0) throw new Error("proof");
    if (at & 1 || at === last) {
      found = await node(sibling, found);
      while (!(at & 1) && at) [at, last] = [at >> 1, last >> 1];
    } else found = await node(found, sibling);
    [at, last] = [at >> 1, last >> 1];
  }
  if (last !== 0 || hex(found) !== root) throw new Error("proof");
}

// Decides in the page whether a claim of a transaction (APP-022) leads to the header it names, and gives its leaf.
export async function checkClaim(claim) {
  await checkInclusion(claim.header.transactions_root, claim.size, claim.index, unhex(claim.data), claim.path);
  return JSON.parse(new TextDecoder().decode(unhex(claim.data)));
}
