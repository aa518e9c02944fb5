// Signatures and the keys that may be enrolled (spec/data.md, part 3).

import { createPrivateKey, createPublicKey, sign as signBytes, verify } from "node:crypto";
import { digest } from "./hashes.js";
import { refuseUnless } from "./refusal.js";

export const SIGNATURE_BYTES = { intl: 64, stub: 32 };

// Whether a signature over a digest is its key's; keys are those that passed `checkKey`.
export function verifies(suite, pub, message, signature) {
  if (suite === "stub") return digest("yilian/stub-sig/v1", Buffer.concat([pub, message])).equals(signature); // DAT-023
  if (signature.length !== SIGNATURE_BYTES.intl) return false;
  const key = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x: pub.toString("base64url") }, format: "jwk" });
  return verify(null, message, key, signature); // DAT-022
}

// A signature over a digest by a secret of 32 bytes.
export function sign(suite, secret, message) {
  if (suite === "stub") return digest("yilian/stub-sig/v1", Buffer.concat([secret, message]));
  const key = createPrivateKey({ key: Buffer.concat([PKCS8, secret]), format: "der", type: "pkcs8" });
  return signBytes(null, message, key);
}
// The public key of a secret of 32 bytes.
export function publicOf(suite, secret) {
  if (suite === "stub") return secret;
  const key = createPrivateKey({ key: Buffer.concat([PKCS8, secret]), format: "der", type: "pkcs8" });
  return Buffer.from(createPublicKey(key).export({ format: "jwk" }).x, "base64url");
}
const PKCS8 = Buffer.from("302e020100300506032b657004220420", "hex"); // what stands before the secret (RFC 8410)

// ---- the curve, only to refuse keys that are no points or of small order (DAT-025)

const P = 2n ** 255n - 19n;
const mod = (a) => ((a % P) + P) % P;
const power = (base, exponent) => {
  let result = 1n;
  for (let [b, e] = [mod(base), exponent]; e > 0n; [b, e] = [mod(b * b), e >> 1n]) if (e & 1n) result = mod(result * b);
  return result;
};
const inverse = (a) => power(a, P - 2n);
const D = mod(-121665n * inverse(121666n));

function decompress(pub) {
  const number = BigInt(`0x${Buffer.from(pub).reverse().toString("hex")}`);
  const y = number & (2n ** 255n - 1n);
  if (y >= P) return null;
  const square = mod((y * y - 1n) * inverse(D * y * y + 1n));
  let x = power(square, (P + 3n) / 8n);
  if (mod(x * x) !== square) x = mod(x * power(2n, (P - 1n) / 4n));
  return mod(x * x) === square ? [x, y] : null; // the sign of x does not change the order
}

const double = ([x, y]) => {
  const product = mod(D * x * x * y * y);
  return [mod(2n * x * y * inverse(1n + product)), mod((y * y + x * x) * inverse(1n - product))];
};

export function checkKey(suite, pub) {
  const weak = (holds) => refuseUnless(holds, "member.weak_key", "a key that may be enrolled");
  weak(pub.length === 32);
  if (suite === "stub") return;
  const point = decompress(pub);
  weak(point !== null);
  const [x, y] = double(double(double(point)));
  weak(!(x === 0n && y === 1n));
}
