// Where a session ends, and what is left of it in the browser.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { World } from "./browser.mjs";
import { CHANGE, CREDENTIALS, button, field, fillSignIn, heading, isAt, sees, seesNot, signIn, signOut, userMenu } from "./person.mjs";

const OLD = "Quiet!Harbour72x";
const NEW = "Lively+Orchard83y";

let world;
let corp;
before(async () => {
  world = await World.open();
  corp = await world.server.account("example-corp", ["--allow-users-to-change-password"]);
});
after(() => world?.close());

test("whose session was ended elsewhere is told that it ended", async () => {
  const user = await world.server.user(corp, "heidi", OLD);
  await world.visit({}, async (page) => {
    await signIn(page, user);
    await world.server.resetPassword(user, NEW, { mustChange: false });
    await page.goto("/console");
    await isAt(page, "/signin/example-corp");
    await sees(page, "You were signed out");
    await sees(page, "Your session expired. Sign in again to continue.");
  });
});

test("after a session that an administrator ended, sign-in leads back to the same page and tells of the reset", async () => {
  const user = await world.server.user(corp, "alice", OLD);
  await world.visit({}, async (page) => {
    await signIn(page, user);
    await world.server.resetPassword(user, NEW, { mustChange: false });
    await page.goto(CHANGE);
    await isAt(page, "/signin/example-corp");
    assert.equal(await field(page, "IAM user name").inputValue(), "alice");
    await field(page, "Password").fill(NEW);
    await button(page, "Sign in").click();
    await isAt(page, CHANGE);
    await page.goto("/console");
    await sees(page, "Your password was changed on");
    await sees(page, "If this was not you, tell your administrator.");
  });
});

test("a form that is sent after its session ended leads to sign-in and changes nothing", async () => {
  const user = await world.server.user(corp, "bob", OLD);
  await world.visit({}, async (page) => {
    await signIn(page, user);
    await page.goto(CHANGE);
    await world.server.resetPassword(user, NEW, { mustChange: false });
    await field(page, "Current password").fill(NEW);
    await field(page, "New password").fill("Sturdy=Meadow94z");
    await field(page, "Confirm new password").fill("Sturdy=Meadow94z");
    await button(page, "Change password").click();
    await heading(page, "IAM user sign in").waitFor();
    await fillSignIn(page, { name: "bob", password: NEW });
    await userMenu(page).waitFor();
  });
});

test("after sign-out the way back shows no page of the session", async () => {
  const user = await world.server.user(corp, "carol", OLD);
  await world.visit({}, async (page) => {
    await signIn(page, user);
    await page.goto(CREDENTIALS);
    await signOut(page);
    for (let back = 0; back < 2; back += 1) {
      await page.goBack();
      await isAt(page, "/signin/example-corp");
      await seesNot(page, "Account details");
      assert.equal(await userMenu(page).count(), 0);
    }
  });
});

test("sign-out ends the session for every tab", async () => {
  const user = await world.server.user(corp, "dave", OLD);
  await world.visit({}, async (page, { context }) => {
    await signIn(page, user);
    const tab = await context.newPage();
    await tab.goto("/console");
    await signOut(page);
    await tab.reload();
    await isAt(tab, "/signin/example-corp");
  });
});

test("a password manager's address leads to the form, through sign-in", async () => {
  const user = await world.server.user(corp, "erin", OLD);
  await world.visit({}, async (page) => {
    await page.goto("/.well-known/change-password");
    await isAt(page, "/signin");
    await field(page, "Account ID or account alias").fill("example-corp");
    await button(page, "Next").click();
    await fillSignIn(page, user);
    await isAt(page, CHANGE);
  });
});

test("who is signed in can sign in as somebody else", async () => {
  const [user, other] = [await world.server.user(corp, "frank", OLD), await world.server.user(corp, "grace", OLD)];
  await world.visit({}, async (page) => {
    await signIn(page, user);
    await page.goto("/signin/example-corp");
    await fillSignIn(page, other);
    await isAt(page, "/console");
    await sees(page, "grace @ example-corp");
  });
});
