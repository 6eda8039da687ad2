// What this device remembers of who signed in, and the way to another account.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { World } from "./browser.mjs";
import { button, field, fillSignIn, hasFocus, heading, isAt, link, sees, seesNot, signIn, signOut } from "./person.mjs";

const PASSWORD = "Quiet!Harbour72x";

let world;
let first;
let second;
before(async () => {
  world = await World.open();
  first = await world.server.account("example-corp");
  second = await world.server.account("other-corp");
});
after(() => world?.close());

test("the next visit goes to the remembered account's page with the user name filled in", async () => {
  const user = await world.server.user(first, "alice", PASSWORD);
  await world.visit({}, async (page) => {
    await signIn(page, user);
    await signOut(page);
    await page.goto("/");
    await isAt(page, "/signin/example-corp");
    assert.equal(await field(page, "IAM user name").inputValue(), "alice");
    assert.ok(await hasFocus(field(page, "Password")), "only the password is missing");
  });
});

test("from Sign in to a different account, an account ID leads to that account's page", async () => {
  const user = await world.server.user(first, "bob", PASSWORD);
  const other = await world.server.user(second, "bob", PASSWORD);
  await world.visit({}, async (page) => {
    await signIn(page, user);
    await signOut(page);
    await link(page, "Sign in to a different account").click();
    await isAt(page, "/signin");
    await heading(page, "Sign in as IAM user").waitFor();
    await field(page, "Account ID or account alias").fill(second.id);
    await button(page, "Next").click();
    await isAt(page, `/signin/${second.id}`);
    await seesNot(page, "other-corp");
    assert.equal(await field(page, "IAM user name").inputValue(), "", "the name belongs to another account");
    await fillSignIn(page, other);
    await isAt(page, "/console");
    await sees(page, "bob @ other-corp");
  });
});

test("an account ID may be typed with spaces and hyphens", async () => {
  const digits = /(\d{4})(\d{4})(\d{4})/;
  const user = await world.server.user(second, "carol", PASSWORD);
  for (const typed of [second.id.replace(digits, "$1-$2-$3"), ` ${second.id.replace(digits, "$1 $2 $3")} `]) {
    await world.visit({}, async (page) => {
      await page.goto("/signin");
      await field(page, "Account ID or account alias").fill(typed);
      await button(page, "Next").click();
      await heading(page, "IAM user sign in").waitFor();
      await fillSignIn(page, user);
      await isAt(page, "/console");
    });
  }
});

test("remembered users are listed, lead to their page and can be forgotten one by one", async () => {
  const users = [await world.server.user(first, "dave", PASSWORD), await world.server.user(second, "erin", PASSWORD)];
  await world.visit({}, async (page) => {
    for (const user of users) {
      await signIn(page, user);
      await signOut(page);
    }
    await page.goto("/signin?switch=1");
    await sees(page, "Remembered on this device");
    const list = page.getByRole("region", { name: "Remembered on this device" });
    assert.deepEqual(await list.getByRole("link").allInnerTexts(), ["erin @ other-corp", "dave @ example-corp"]);
    await link(page, "dave @ example-corp").click();
    await isAt(page, "/signin/example-corp");
    assert.equal(await field(page, "IAM user name").inputValue(), "dave");

    await page.goto("/signin?switch=1");
    await button(page, "Forget erin @ other-corp").click();
    await link(page, "erin @ other-corp").waitFor({ state: "detached" });
    assert.deepEqual(await list.getByRole("link").allInnerTexts(), ["dave @ example-corp"]);
    await button(page, "Forget dave @ example-corp").click();
    await list.waitFor({ state: "detached" });
    await page.goto("/");
    await isAt(page, "/signin");
  });
});

test("without the tick nothing is remembered", async () => {
  const user = await world.server.user(first, "frank", PASSWORD);
  await world.visit({}, async (page) => {
    await page.goto("/signin/example-corp");
    const box = page.getByRole("checkbox", { name: "Remember this account and user name on this device" });
    assert.ok(await box.isChecked());
    await box.uncheck();
    await fillSignIn(page, user);
    await isAt(page, "/console");
    await signOut(page);
    await page.goto("/");
    await isAt(page, "/signin");
    await page.goto("/signin/example-corp");
    assert.equal(await field(page, "IAM user name").inputValue(), "");
  });
});

test("a visitor is told the same about a user that exists and one that does not", async () => {
  const user = await world.server.user(first, "grace", PASSWORD);
  const said = [];
  for (const [account, name] of [["example-corp", user.name], ["example-corp", "nobody"], ["no-such-account", "nobody"]]) {
    await world.visit({}, async (page) => {
      await page.goto(`/signin/${account}`);
      await fillSignIn(page, { name, password: "not the password" });
      await sees(page, "We could not sign you in");
      const text = await page.getByRole("main").innerText();
      said.push(text.replace(account, "ACCOUNT"));
      assert.equal(await field(page, "IAM user name").inputValue(), name);
    });
  }
  assert.equal(said[1], said[0]);
  assert.equal(said[2], said[0]);
});
