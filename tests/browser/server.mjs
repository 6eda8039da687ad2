// The program as an operator runs it: a process of its own, on a free port, with an empty data folder. Accounts and users are
// made on its command line while it serves. Ended by its process id, whatever happens to the tests.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { access, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

const BINARY = process.env.CONSOLE_BINARY
  ?? fileURLToPath(new URL("../../target/debug/my-security-credentials", import.meta.url));
const OPENED = /open (http:\/\/\S+)\/console/;
const PATIENCE = 60_000;

/** Settings of whoever runs the tests do not reach the program. All tests share one address, which has a limit. */
function environment() {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith("MSC_"));
  return { ...Object.fromEntries(inherited), MSC_ADDRESS_LIMIT: "off" };
}

/** Runs a program to its end. Without an `input` nothing is written to it: it may have ended by then. */
function run(program, args, input) {
  return new Promise((resolve, reject) => {
    const stdio = [input === undefined ? "ignore" : "pipe", "pipe", "pipe"];
    const child = spawn(program, args, { env: environment(), stdio });
    const said = { out: "", err: "" };
    child.stdout.on("data", (bytes) => (said.out += bytes));
    child.stderr.on("data", (bytes) => (said.err += bytes));
    child.on("error", reject);
    child.on("close", (code) => {
      if (code === 0) resolve(said.out);
      else reject(new Error(`${program} ${args.join(" ")} ended with ${code}: ${said.err}`));
    });
    // Why a program did not read its input is in what it says.
    child.stdin?.on("error", (error) => (said.err += error));
    child.stdin?.end(input);
  });
}

/** The address that a starting server logs. */
function addressOf(child) {
  return new Promise((resolve, reject) => {
    let log = "";
    const timer = setTimeout(() => reject(new Error(`the server did not start in time: ${log}`)), PATIENCE);
    child.stderr.on("data", (bytes) => {
      log += bytes;
      const opened = OPENED.exec(log);
      if (!opened) return;
      clearTimeout(timer);
      resolve(opened[1]);
    });
    child.on("error", reject);
    child.on("exit", (code) => reject(new Error(`the server ended with ${code}: ${log}`)));
  });
}

/** What a policy document needs to allow or to deny these actions. */
function statement(effect, actions) {
  return { Effect: effect, Action: actions, Resource: "*" };
}

export class Server {
  #child;

  static async start() {
    await access(BINARY).catch(() => assert.fail(`${BINARY} is not there: run \`cargo build\` first`));
    const server = new Server();
    server.dataDir = await mkdtemp(path.join(tmpdir(), "browser-test-"));
    const child = spawn(BINARY, ["--data-dir", server.dataDir, "--listen", "127.0.0.1:0"], { env: environment() });
    server.#child = child;
    process.once("exit", () => child.kill("SIGKILL"));
    server.url = await addressOf(child);
    return server;
  }

  /** Waits for the end of the process, so that nothing writes into the folder any more. */
  async stop() {
    const child = this.#child;
    if (child.exitCode === null) {
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGTERM");
      await ended;
    }
    await rm(this.dataDir, { recursive: true, force: true });
  }

  /** A command of the operator; with `daysAgo` as if it had been given then. */
  async command(args, { input, daysAgo } = {}) {
    const all = ["--data-dir", this.dataDir, "--output", "json", ...args];
    const said = daysAgo
      ? await run("faketime", ["-f", `-${daysAgo}d`, BINARY, ...all], input)
      : await run(BINARY, all, input);
    return JSON.parse(said);
  }

  /** `policy` is the list of flags of the password policy; without it the default one holds. */
  async account(alias, policy) {
    const made = await this.command(["account", "create", "--alias", alias]);
    if (policy) await this.command(["account", "password-policy", "set", "--account", alias, ...policy]);
    return { alias, id: made.AccountId };
  }

  /**
   * A user with a password that is to stay, unless `mustChange`. `allow` and `deny` are actions on everything; `daysAgo`
   * is the age of the user and of the password.
   */
  async user(account, name, password, { allow, deny, mustChange = false, daysAgo } = {}) {
    const who = ["--account", account.alias, "--user-name", name];
    const keep = mustChange ? [] : ["--no-password-reset"];
    const policy = await this.#policy(name, allow, deny);
    await this.command(["user", "create", ...who, "--password-stdin", ...keep, ...policy], { input: password, daysAgo });
    return { account, name, password };
  }

  async #policy(name, allow, deny) {
    const statements = [allow && statement("Allow", allow), deny && statement("Deny", deny)].filter(Boolean);
    if (statements.length === 0) return [];
    const file = path.join(this.dataDir, `permissions-of-${name}.json`);
    await writeFile(file, JSON.stringify({ Version: "2012-10-17", Statement: statements }));
    return ["--policy", file];
  }

  /** What an administrator does: the user's sessions end. */
  async resetPassword(user, password, { mustChange = true } = {}) {
    const keep = mustChange ? [] : ["--no-password-reset"];
    const who = ["--account", user.account.alias, "--user-name", user.name];
    await this.command(["user", "reset-password", ...who, "--password-stdin", ...keep], { input: password });
  }

  /** How the first start tells the first administrator to sign in. */
  async firstSignIn() {
    const text = await readFile(path.join(this.dataDir, "first-sign-in.txt"), "utf8");
    const line = (label) => text.split("\n").find((one) => one.startsWith(label)).slice(label.length).trim();
    return {
      account: { alias: line("Account alias"), id: line("Account ID") },
      name: line("User name"),
      password: line("Password"),
    };
  }
}
