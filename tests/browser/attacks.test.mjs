// What another site can do to a person who is signed in here: put the console into a frame, hold its window, send its forms.
// The other site is a server of the test's on another port of loopback, in the same browser.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { createServer } from "node:http";
import { World } from "./browser.mjs";
import { CHANGE, CREDENTIALS, button, changePassword, field, isAt, sees, signIn, userMenu } from "./person.mjs";

const OLD = "Quiet!Harbour72x";
const NEW = "Lively+Orchard83y";

let world;
let corp;
let other;
/** The page that the other site shows next. */
let html = "";

before(async () => {
  world = await World.open();
  corp = await world.server.account("example-corp", ["--allow-users-to-change-password"]);
  other = createServer((_, response) => {
    response.setHeader("content-type", "text/html; charset=utf-8");
    response.end(`<!doctype html><title>other</title><link rel="icon" href="data:,">${html}`);
  });
  await new Promise((resolve) => other.listen(0, "127.0.0.1", resolve));
});
after(async () => {
  other?.close();
  await world?.close();
});

/** `localhost` and not `127.0.0.1`: another site, not only another port. */
const elsewhere = () => `http://localhost:${other.address().port}/`;
/** Another origin of the same site, to which the browser sends the cookies. */
const nextDoor = () => `http://127.0.0.1:${other.address().port}/`;

/** A context without the watch that takes any request off this origin for a fault. */
async function signedIn(user, act) {
  const context = await world.browser.newContext({ baseURL: world.url });
  try {
    const page = await context.newPage();
    await signIn(page, user);
    await act(page, context);
  } finally {
    await context.close();
  }
}

test("no page of the console shows itself in a frame of another site", async () => {
  const user = await world.server.user(corp, "alice", OLD);
  await signedIn(user, async (page) => {
    html = ["/signin/example-corp", "/console", CHANGE].map((path) => `<iframe src="${world.url}${path}"></iframe>`).join("");
    await page.goto(elsewhere());
    await page.waitForTimeout(500);
    const frames = page.frames().slice(1);
    assert.equal(frames.length, 3);
    for (const frame of frames) {
      const words = await frame.locator("body").innerText().catch(() => "");
      assert.doesNotMatch(words, /Sign in|Change password|Console Home|alice/);
    }
  });
});

test("a window that another site opens tells it nothing and cannot be steered", async () => {
  const user = await world.server.user(corp, "bob", OLD);
  await signedIn(user, async (page, context) => {
    html = `<button onclick="held = window.open('${world.url}/console')">Open</button>`;
    await page.goto(elsewhere());
    const opening = context.waitForEvent("page");
    await button(page, "Open").click();
    const opened = await opening;
    await opened.waitForLoadState();
    await userMenu(opened).waitFor();
    assert.equal(await opened.evaluate(() => window.opener), null, "it knows nobody");
    assert.equal(await page.evaluate(() => held.closed), true, "and is known to nobody");
  });
});

test("forms that another site sends by itself change nothing and sign nobody in or out", async () => {
  const user = await world.server.user(corp, "carol", OLD);
  const mallory = await world.server.user(corp, "mallory", OLD);
  const forms = [
    [CHANGE, { csrf: "x", old_password: OLD, new_password: NEW, confirm_password: NEW }],
    ["/signout", {}],
    ["/signin/example-corp", { csrf: "x", user_name: mallory.name, password: OLD }],
    ["/signin/step/forget", { csrf: "x", account: "example-corp", user_name: user.name }],
    ["/", { Action: "ChangePassword", Version: "2010-05-08", OldPassword: OLD, NewPassword: NEW }],
  ];
  await signedIn(user, async (page) => {
    for (const from of [elsewhere(), nextDoor()]) {
      for (const [path, fields] of forms) {
        const inputs = Object.entries(fields).map(([name, value]) => `<input name="${name}" value="${value}">`).join("");
        html = `<form method="post" action="${world.url}${path}">${inputs}<button>Send</button></form>`;
        await page.goto(from);
        const answer = page.waitForResponse((response) => response.request().method() === "POST");
        await button(page, "Send").click();
        const status = (await answer).status();
        // Without its cookie a form of the console is a visitor's, who is led to sign in.
        const isVisitors = from === elsewhere() && path === CHANGE;
        assert.equal(status, isVisitors ? 303 : 403, `${path} from ${from}`);
        await page.goto("/console");
        await sees(page, "carol @ example-corp");
      }
    }
    await page.goto(CHANGE);
    await changePassword(page, OLD, NEW);
    await isAt(page, CREDENTIALS);
  });
});

test("nothing of a page can be fetched or embedded by another site", async () => {
  const user = await world.server.user(corp, "dave", OLD);
  await signedIn(user, async (page) => {
    const style = await page.locator("link[rel=stylesheet]").first().getAttribute("href");
    html = "";
    await page.goto(elsewhere());
    for (const path of ["/console", style, "/healthz"]) {
      const read = await page.evaluate(
        (url) => fetch(url, { credentials: "include" }).then((answer) => answer.text(), () => "refused"),
        world.url + path,
      );
      assert.equal(read, "refused", path);
      const embedded = await page.evaluate((url) => new Promise((resolve) => {
        const script = document.createElement("script");
        script.src = url;
        script.onload = () => resolve("loaded");
        script.onerror = () => resolve("refused");
        document.head.append(script);
      }), world.url + path);
      assert.equal(embedded, "refused", path);
    }
  });
});

test("the browser keeps nothing of a session but its cookies, and they are out of a script's reach", async () => {
  const user = await world.server.user(corp, "erin", OLD);
  await world.visit({}, async (page, { context }) => {
    await signIn(page, user);
    await page.goto(CHANGE);
    await changePassword(page, OLD, NEW);
    await isAt(page, CREDENTIALS);
    const kept = await page.evaluate(async () => ({
      local: localStorage.length,
      session: sessionStorage.length,
      databases: (await indexedDB.databases()).length,
      caches: "caches" in window ? (await caches.keys()).length : 0,
      workers: "serviceWorker" in navigator ? (await navigator.serviceWorker.getRegistrations()).length : 0,
      cookies: document.cookie,
    }));
    assert.deepEqual(kept, { local: 0, session: 0, databases: 0, caches: 0, workers: 0, cookies: "" });
    const cookies = await context.cookies();
    assert.deepEqual(cookies.map(({ name }) => name).sort(), ["msc-remembered-user", "msc-session", "msc-visit"]);
    for (const { name, value } of cookies) {
      for (const secret of [OLD, NEW, "erin"]) {
        const forms = [secret, encodeURIComponent(secret), Buffer.from(secret).toString("base64").replace(/=+$/, "")];
        for (const form of forms) assert.ok(!value.includes(form), `${name} holds ${form}`);
      }
    }
  });
});

/** Every property that all objects of a page inherit, and what it is. */
const inherited = () => {
  const shown = (value) => (typeof value === "object" ? "object" : String(value));
  return [Object, Array, String, Function, Element, HTMLElement, HTMLFormElement, DOMStringMap].map(({ name, prototype }) => {
    const all = Object.getOwnPropertyDescriptors(prototype);
    return [name, Reflect.ownKeys(all).map((key) => `${String(key)} ${shown(all[key].value ?? all[key].get)}`).sort()];
  });
};

test("nothing that a page or an address says changes what objects inherit", async () => {
  const user = await world.server.user(corp, "gail", OLD);
  await signedIn(user, async (page) => {
    await page.goto("/healthz");
    const untouched = await page.evaluate(inherited);
    const harmful = ["__proto__", "constructor", "prototype", "__proto__.shown", "constructor.prototype.shown"];
    const query = harmful.flatMap((name) => [`${name}=1`, `${name}[shown]=1`]).join("&");
    await page.goto(`${CHANGE}?${query}#${query}`);
    await field(page, "Current password").fill("__proto__");
    await field(page, "New password").fill('{"__proto__": {"shown": 1}}');
    await page.getByRole("button", { name: /^Show/ }).first().click();
    await page.waitForTimeout(1000);
    assert.deepEqual(await page.evaluate(inherited), untouched);
    assert.equal(await page.evaluate(() => ({}).shown), undefined);
    // A page that were made to say so: the names of rules are looked up, and nothing is written under them.
    for (const name of harmful) {
      await page.goto(CHANGE);
      await page.evaluate(async (name) => {
        for (const line of document.querySelectorAll("[data-rule]")) Object.assign(line.dataset, { rule: name, value: name });
        document.querySelectorAll("[data-show], [data-copy]").forEach((button) => (button.dataset.copy = name));
        await new Promise((resolve) => setTimeout(resolve, 50));
      }, name);
      await field(page, "New password").fill(`${name}-1`);
      await page.getByRole("button", { name: /^Show/ }).first().click();
      assert.deepEqual(await page.evaluate(inherited), untouched, name);
    }
  });
});

test("a password may be pasted, is hidden until it is shown, and a manager knows each field", async () => {
  const user = await world.server.user(corp, "frank", OLD);
  await world.visit({}, async (page) => {
    await page.goto("/signin/example-corp");
    const manager = async (label) => field(page, label).getAttribute("autocomplete");
    assert.equal(await manager("IAM user name"), "username");
    assert.equal(await manager("Password"), "current-password");
    await field(page, "IAM user name").fill("frank");
    assert.equal(await field(page, "Password").getAttribute("type"), "password");
    await paste(page, "Password", OLD);
    await button(page, "Sign in").click();
    await isAt(page, "/console");
    await page.goto(CHANGE);
    assert.equal(await manager("Current password"), "current-password");
    for (const label of ["Current password", "New password", "Confirm new password"]) {
      if (label !== "Current password") assert.equal(await manager(label), "new-password");
      assert.equal(await field(page, label).getAttribute("type"), "password");
      await paste(page, label, label === "Current password" ? OLD : NEW);
    }
    await button(page, "Change password").click();
    await isAt(page, CREDENTIALS);
  });
});

/** As a person does it: the text is on the clipboard, and Ctrl+V. */
async function paste(page, label, text) {
  await page.evaluate((words) => {
    const from = document.createElement("textarea");
    from.value = words;
    document.body.append(from);
    from.select();
    document.execCommand("copy");
    from.remove();
  }, text);
  await field(page, label).focus();
  await page.keyboard.press("Control+V");
  assert.equal(await field(page, label).inputValue(), text);
}
