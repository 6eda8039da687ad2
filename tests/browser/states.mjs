// Every page in every state that a person can meet, each with the way to it. The tests of all pages and the screenshots
// walk the same list. Each state has a user of its own, so that none disturbs another.

import { spawn } from "node:child_process";
import path from "node:path";
import {
  CHANGE, CREDENTIALS, button, changePassword, field, fillChange, fillSignIn, heading, isAt, problems, sees, signIn, signOut, userMenu,
} from "./person.mjs";

const OLD = "Quiet!Harbour72x";
const NEW = "Lively+Orchard83y";
const EVERYTHING = { allow: ["iam:ChangePassword", "iam:Get*"] };
const STRICT = [
  "--minimum-password-length", "14", "--require-uppercase-characters", "--require-lowercase-characters",
  "--require-numbers", "--require-symbols", "--password-reuse-prevention", "5", "--max-password-age", "90",
];

/** The accounts that the states are in; to be made once. */
export async function furnish(world) {
  const { server } = world;
  return {
    server,
    strict: await server.account("example-corp", STRICT),
    plain: await server.account("default-corp"),
    hard: await server.account("hard-corp", [...STRICT, "--hard-expiry", "--allow-users-to-change-password"]),
  };
}

const state = (name, open, options = {}) => ({ name, open, ...options });

/** A user named after the state, signed in. */
const signedIn = (name, act, { permissions = EVERYTHING, account = "strict", ...options } = {}) =>
  state(name, async (page, house) => {
    const user = await house.server.user(house[account], name, OLD, permissions);
    await signIn(page, user);
    await act(page, { house, user });
  }, options);

/** At the account's sign-in page, with a user who is not signed in. */
const atTheGate = (name, permissions, act, { account = "strict", ...options } = {}) =>
  state(name, async (page, house) => {
    const user = await house.server.user(house[account], name, OLD, permissions);
    await page.goto(`/signin/${user.account.alias}`);
    await act(page, { house, user });
  }, options);

async function openForm(page) {
  await page.goto(CHANGE);
  await heading(page, "Change password").waitFor();
}

const SIGN_IN = [
  state("sign-in", (page) => page.goto("/signin")),
  state("sign-in-empty", async (page) => {
    await page.goto("/signin");
    await button(page, "Next").click();
    await problems(page);
  }),
  state("sign-in-malformed", async (page) => {
    await page.goto("/signin");
    await field(page, "Account ID or account alias").fill("not an account!");
    await button(page, "Next").click();
    await problems(page);
  }),
  signedIn("sign-in-remembered", async (page) => {
    await signOut(page);
    await page.goto("/signin?switch=1");
    await sees(page, "Remembered on this device");
  }),
  state("user-sign-in", (page) => page.goto("/signin/example-corp")),
  state("user-sign-in-long-account", (page) => page.goto(`/signin/${"long-alias-".repeat(5)}of-63`)),
  state("user-sign-in-empty", async (page) => {
    await page.goto("/signin/example-corp");
    await button(page, "Sign in").click();
    await problems(page);
  }),
  state("user-sign-in-refused", async (page) => {
    await page.goto("/signin/example-corp");
    await fillSignIn(page, { name: "nobody", password: "wrong" });
    await sees(page, "We could not sign you in");
  }),
  signedIn("user-sign-in-signed-out", (page) => signOut(page)),
  signedIn("user-sign-in-remembered", async (page) => {
    await signOut(page);
    await page.goto("/");
    await isAt(page, "/signin/example-corp");
  }),
  signedIn("user-sign-in-password-was-changed", async (page) => {
    const session = (await page.context().cookies()).find((cookie) => cookie.name.endsWith("msc-session"));
    await openForm(page);
    await changePassword(page, OLD, NEW);
    await isAt(page, CREDENTIALS);
    await page.context().addCookies([session]);
    await page.goto(CHANGE);
    await sees(page, "Sign in with your new password to continue.");
  }),
];

/** Sends the page's form again and again with a wrong password, until the next try has to wait for three seconds. */
async function guess(page, fields) {
  const send = (wrong) => page.evaluate(async (wrong) => {
    const form = document.querySelector("main form");
    const body = new URLSearchParams({ ...Object.fromEntries(new FormData(form)), ...wrong });
    await Promise.all(Array.from({ length: 6 }, () => fetch(form.action, { method: "POST", body })));
  }, wrong);
  // Six at once are all looked at: none of them has failed yet. The second six are, after a second.
  await send(fields);
  await page.waitForTimeout(1100);
  await send(fields);
}

/** Two browsers of one user: what this one sees after the other one changed the password. */
async function changeElsewhere(page, user) {
  const elsewhere = await page.context().browser().newContext({ baseURL: new URL(page.url()).origin });
  const other = await elsewhere.newPage();
  await signIn(other, user);
  await openForm(other);
  await changePassword(other, OLD, NEW);
  await isAt(other, CREDENTIALS);
  await elsewhere.close();
}

const STEP = [
  atTheGate("step-first-sign-in", { mustChange: true }, async (page, { user }) => {
    await fillSignIn(page, user);
    await heading(page, "You must change your password to continue").waitFor();
  }),
  atTheGate("step-refused", { mustChange: true }, async (page, { user }) => {
    await fillSignIn(page, user);
    await changePassword(page, "wrong", "abc", "abd");
    await problems(page);
  }),
  atTheGate("step-failed-attempts", { mustChange: true }, async (page, { user }) => {
    await fillSignIn(page, { ...user, password: "wrong-1" });
    await sees(page, "We could not sign you in");
    await fillSignIn(page, user);
    await sees(page, "There was 1 failed attempt to use your password since your last sign-in");
  }),
  atTheGate("step-expired", { ...EVERYTHING, daysAgo: 91 }, async (page, { user }) => {
    await fillSignIn(page, user);
    await heading(page, "Your password has expired").waitFor();
  }),
  atTheGate("step-hard-expiry", { ...EVERYTHING, daysAgo: 91 }, async (page, { user }) => {
    await fillSignIn(page, user);
    await sees(page, "Contact your administrator");
  }, { account: "hard" }),
  atTheGate("step-temporary-password-expired", { mustChange: true, daysAgo: 8 }, async (page, { user }) => {
    await fillSignIn(page, user);
    await heading(page, "Your temporary password has expired").waitFor();
  }),
  atTheGate("step-denied", { mustChange: true, deny: ["iam:ChangePassword"] }, async (page, { user }) => {
    await fillSignIn(page, user);
    await sees(page, "You are not authorized to change it.");
  }),
];

const CONSOLE = [
  atTheGate("home-failed-attempts", EVERYTHING, async (page, { user }) => {
    for (const password of ["wrong-1", "wrong-2"]) {
      await fillSignIn(page, { ...user, password });
      await sees(page, "We could not sign you in");
    }
    await fillSignIn(page, user);
    await sees(page, "There were 2 failed attempts to use your password since your last sign-in");
  }),
  signedIn("home", (page) => heading(page, "Console Home").waitFor()),
  signedIn("home-menu", async (page) => {
    await userMenu(page).click();
    await button(page, "Sign out").waitFor();
  }),
  signedIn("home-expires-soon", (page) => sees(page, "Your password expires in 10 days"), {
    permissions: { ...EVERYTHING, daysAgo: 80 },
  }),
  signedIn("home-password-changed-elsewhere", async (page, { house, user }) => {
    await house.server.resetPassword(user, NEW, { mustChange: false });
    await signIn(page, { ...user, password: NEW });
    await sees(page, "If this was not you, tell your administrator.");
  }),
  signedIn("home-without-permissions", (page) => sees(page, "You do not have permission"), { permissions: {} }),
  signedIn("credentials", async (page) => {
    await page.goto(CREDENTIALS);
    await heading(page, "Password for console access").waitFor();
  }),
  signedIn("credentials-changed", async (page) => {
    await openForm(page);
    await changePassword(page, OLD, NEW);
    await sees(page, "Your password was changed");
  }),
  signedIn("credentials-expires-soon", async (page) => {
    await page.goto(CREDENTIALS);
    await sees(page, /^In \d+ days$/);
  }, { permissions: { ...EVERYTHING, daysAgo: 80 } }),
  signedIn("credentials-without-permissions", async (page) => {
    await page.goto(CREDENTIALS);
    await sees(page, "You do not have permission: iam:ChangePassword");
  }, { permissions: {} }),
];

const FORM = [
  signedIn("change-password", openForm),
  signedIn("change-password-default-policy", openForm, { account: "plain" }),
  signedIn("change-password-rules-hidden", async (page) => {
    await openForm(page);
    await sees(page, "The rules for a new password cannot be shown");
  }, { permissions: { allow: ["iam:ChangePassword"] } }),
  signedIn("change-password-typing", async (page) => {
    await openForm(page);
    await fillChange(page, OLD, "Lively+Orch", "");
    await button(page, "Show new password").click();
  }),
  signedIn("change-password-refused", async (page) => {
    await openForm(page);
    await changePassword(page, "wrong", "abc", "abc");
    await problems(page);
  }),
  signedIn("change-password-empty", async (page) => {
    await openForm(page);
    await button(page, "Change password").click();
    await problems(page);
  }),
  signedIn("change-password-other-sessions", async (page, { user }) => {
    const elsewhere = await page.context().browser().newContext({ baseURL: new URL(page.url()).origin });
    await signIn(await elsewhere.newPage(), user);
    await elsewhere.close();
    await openForm(page);
    await sees(page, "1 other session will be signed out");
  }),
  signedIn("session-ended", async (page, { user }) => {
    await changeElsewhere(page, user);
    await page.goto(CREDENTIALS);
    await sees(page, "Your session expired. Sign in again to continue.");
  }),
];

/** Holds the database's one writer until it is told to stop. */
async function holdTheDatabase(dataDir) {
  const script = `
import pathlib, sqlite3, sys
file = pathlib.Path(sys.argv[1]).as_uri() + "?mode=rw"
database = sqlite3.connect(file, uri=True, isolation_level=None)
database.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read()`;
  const holder = spawn("python3", ["-c", script, path.join(dataDir, "my-security-credentials.db")]);
  process.once("exit", () => holder.kill());
  await new Promise((resolve, reject) => {
    holder.stdout.once("data", resolve);
    holder.once("exit", () => reject(new Error("the database cannot be held")));
  });
  return () => new Promise((resolve) => {
    holder.once("exit", resolve);
    holder.stdin.end();
  });
}

const ERRORS = [
  signedIn("error-403", async (page) => {
    await page.goto(CHANGE);
    await heading(page, "You are not authorized to change your password").waitFor();
  }, { permissions: {} }),
  signedIn("error-403-form-expired", async (page, { user }) => {
    await openForm(page);
    const other = await page.context().newPage();
    await openForm(other);
    await changePassword(other, OLD, NEW);
    await isAt(other, CREDENTIALS);
    await other.close();
    await changePassword(page, OLD, NEW);
    await heading(page, "This page expired").waitFor();
  }),
  signedIn("error-404", async (page) => {
    await page.goto("/console/nothing-here");
    await heading(page, "We could not find that page").waitFor();
  }),
  state("error-404-signed-out", async (page) => {
    await page.goto("/nothing-here");
    await heading(page, "We could not find that page").waitFor();
  }),
  state("error-405", async (page) => {
    await page.goto("/signout");
    await heading(page, "We could not read that request").waitFor();
  }),
  atTheGate("error-429", {}, async (page, { user }) => {
    await guess(page, { user_name: user.name, password: "wrong" });
    await fillSignIn(page, user);
    await heading(page, "Too many attempts").waitFor();
    await sees(page, "The account is not locked.");
  }),
  signedIn("error-429-console", async (page) => {
    await openForm(page);
    await guess(page, { old_password: "wrong", new_password: NEW, confirm_password: NEW });
    await changePassword(page, OLD, NEW);
    await heading(page, "Too many attempts").waitFor();
  }),
  atTheGate("error-503", {}, async (page, { house, user }) => {
    page.setDefaultTimeout(60_000);
    const release = await holdTheDatabase(house.server.dataDir);
    try {
      await fillSignIn(page, user);
      await heading(page, "The service is not available").waitFor();
    } finally {
      await release();
    }
  }, { failing: 503 }),
];

export const STATES = [...SIGN_IN, ...STEP, ...CONSOLE, ...FORM, ...ERRORS];
