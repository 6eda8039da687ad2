// What the run's search for secrets looks for, and looks through: `tests/leaks/search.py` says how it is laid out. Written
// where TEST_RECORDS names a folder, as `tests/run` does; without it nothing is kept.

import { execFileSync } from "node:child_process";
import { createDecipheriv, hkdfSync } from "node:crypto";
import { appendFileSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const FOLDER = process.env.TEST_RECORDS;
const DUMP = fileURLToPath(new URL("../leaks/dump.py", import.meta.url));
// Each test file is a process of its own.
const TEST = path.basename(process.argv[1] ?? "a test");
const COOKIES = {
  "msc-session": "session cookie",
  "msc-visit": "visit cookie",
  "msc-remembered-user": "remembered-user cookie",
};
const PASSWORDS = new Set(["password", "old_password", "new_password", "confirm_password"]);
const TOKEN = /name="csrf" value="([^"]+)"/g;
const known = new Set();

/** What a server is told to log where it is recorded. */
export const LEVELS = FOLDER ? { MSC_LOG: "debug,my_security_credentials=trace" } : {};

function append(name, data) {
  const file = path.join(FOLDER, name);
  mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
  appendFileSync(file, data, { mode: 0o600 });
}

/** A record of a place: `logs`, `urls`, `errors`, `sqlite`. */
export function keep(place, content) {
  if (!FOLDER) return;
  const head = Buffer.from(`\n\x1e\x1erecord ${TEST}\x1f`);
  append(`${place}/${process.pid}`, Buffer.concat([head, Buffer.from(content)]));
}

export function secret(kind, text) {
  const name = `${kind} ${text}`;
  if (!FOLDER || !text || known.has(name)) return;
  known.add(name);
  append(`${process.pid}.secrets`, `${JSON.stringify({ kind, test: TEST, text })}\n`);
}

/** What could not be recorded fails the search. */
export function failure(what) {
  if (FOLDER) append("failures", `${TEST}: ${String(what).replaceAll("\n", " ")}\n`);
}

/** What the browser asked: its URL, and the secrets that it carried. */
export function request(asked) {
  keep("urls", asked.url());
  for (const [name, value] of new URLSearchParams(asked.postData() ?? "")) {
    if (PASSWORDS.has(name)) secret("password", value);
    else if (name === "csrf") secret("form token", value);
  }
}

/**
 * What was answered: where it leads, its cookies and tokens, and all of it where it is an error. `dataDir` is that of the
 * server. The body of a page that was left is gone: then there is none to look at.
 */
export async function answer(given, dataDir) {
  if (!FOLDER) return;
  const headers = await given.headersArray().catch(() => []);
  for (const { name, value } of headers) {
    if (name.toLowerCase() === "location") keep("urls", value);
    if (name.toLowerCase() === "set-cookie") value.split("\n").forEach((one) => cookie(one, dataDir));
  }
  const status = given.status();
  if (given.request().resourceType() !== "document" || (status >= 300 && status < 400)) return;
  const text = await given.text().catch(() => "");
  for (const [, token] of text.matchAll(TOKEN)) secret("form token", token);
  if (status >= 400) keep("errors", text);
}

function cookie(text, dataDir) {
  const [, name, written] = /^([^=]+)=([^;]*)/.exec(text) ?? [];
  const kind = COOKIES[name?.replace("__Host-", "")];
  if (!kind || !written) return;
  const value = decodeURIComponent(written);
  secret(kind, value);
  if (kind === "session cookie") secret("session key", opened(name, value, dataDir));
}

/** The key of the session, which is sealed in its cookie: by AES-256-GCM, under the second half of a derived key. */
function opened(name, value, dataDir) {
  const root = Buffer.from(readFileSync(path.join(dataDir, "root-secret"), "utf8").trim(), "hex");
  const key = Buffer.from(hkdfSync("sha256", root, "my-security-credentials", "session cookie", 64)).subarray(32);
  const sealed = Buffer.from(value, "base64");
  const decipher = createDecipheriv("aes-256-gcm", key, sealed.subarray(0, 12));
  decipher.setAAD(Buffer.from(name));
  decipher.setAuthTag(sealed.subarray(-16));
  return decipher.update(sealed.subarray(12, -16), undefined, "utf8") + decipher.final("utf8");
}

/** What a server that has ended leaves: its root secret and its database. */
export function dataFolder(folder) {
  if (!FOLDER) return;
  secret("root secret", readFileSync(path.join(folder, "root-secret"), "utf8").trim());
  const database = path.join(folder, "my-security-credentials.db");
  keep("sqlite", execFileSync("python3", [DUMP, database], { maxBuffer: 1 << 30 }));
  // The files as they are, too: what was deleted may still stand in them.
  for (const file of [database, `${database}-wal`]) if (existsSync(file)) keep("sqlite", readFileSync(file));
}
