// The step between a right password and the console: it must be changed first, or somebody else has to help.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { World } from "./browser.mjs";
import {
  CHANGE, CREDENTIALS, STEP, button, changePassword, field, fillSignIn, focused, heading, isAt, link, problems, sees, seesNot, signIn,
  userMenu,
} from "./person.mjs";

const OLD = "Quiet!Harbour72x";
const NEW = "Lively+Orchard83y";
const MONTHS = 91;

let world;
let corp;
before(async () => {
  world = await World.open();
  corp = await world.server.account("example-corp", ["--max-password-age", "90", "--allow-users-to-change-password"]);
});
after(() => world?.close());

test("the first administrator chooses a password at the first sign-in and comes to the console", async () => {
  const admin = await world.server.firstSignIn();
  await world.visit({}, async (page) => {
    await signIn(page, admin);
    await isAt(page, STEP);
    await heading(page, "You must change your password to continue").waitFor();
    assert.equal(await userMenu(page).count(), 0, "there is no navigation before the change");
    await changePassword(page, admin.password, NEW);
    await isAt(page, "/console");
    await sees(page, "Your password was changed");
    assert.match(await userMenu(page).innerText(), new RegExp(`^${admin.name} @ ${admin.account.alias}`));
  });
});

test("who must change the password gets nowhere else, and afterwards to the page that was asked for", async () => {
  const user = await world.server.user(corp, "alice", OLD, { mustChange: true });
  await world.visit({}, async (page) => {
    await page.goto(CREDENTIALS);
    await isAt(page, "/signin");
    await field(page, "Account ID or account alias").fill("example-corp");
    await button(page, "Next").click();
    await fillSignIn(page, user);
    await isAt(page, STEP);
    for (const path of ["/console", CREDENTIALS, CHANGE]) {
      await page.goto(path);
      await isAt(page, STEP);
    }
    await page.goto(`${STEP}?next=${encodeURIComponent(CREDENTIALS)}`);
    await changePassword(page, OLD, NEW);
    await isAt(page, CREDENTIALS);
    await sees(page, "Your password was changed");
  });
});

test("a refused change in the step says everything at once and keeps the way on", async () => {
  const user = await world.server.user(corp, "bob", OLD, { mustChange: true });
  await world.visit({}, async (page) => {
    await signIn(page, user);
    await changePassword(page, "not the password", "abc", "abd");
    assert.deepEqual(await problems(page), ["New password must have at least 6 characters", "The passwords do not match"]);
    assert.match(await focused(page), /There is a problem/);
    await changePassword(page, OLD, OLD);
    assert.deepEqual(await problems(page), ["New password must be different from your current password"]);
    await changePassword(page, OLD, NEW);
    await isAt(page, "/console");
  });
});

test("an expired password is changed at sign-in", async () => {
  const user = await world.server.user(corp, "carol", OLD, { daysAgo: MONTHS, allow: ["iam:GetUser"] });
  await world.visit({}, async (page) => {
    await signIn(page, user);
    await isAt(page, STEP);
    await heading(page, "Your password has expired").waitFor();
    await sees(page, "Passwords in this account expire after 90 days. Choose a new one to continue.");
    await changePassword(page, OLD, NEW);
    await isAt(page, "/console");
    await page.goto(CREDENTIALS);
    await sees(page, /^In \d+ days$/);
  });
});

test("a password that expires soon is announced with the way to change it, in the same days everywhere", async () => {
  const user = await world.server.user(corp, "dave", OLD, { daysAgo: 80, allow: ["iam:GetUser"] });
  await world.visit({}, async (page) => {
    await signIn(page, user);
    await isAt(page, "/console");
    await sees(page, "Your password expires in 10 days");
    await link(page, "Change your password").click();
    await isAt(page, CHANGE);
    await page.goto(CREDENTIALS);
    await sees(page, /^In 10 days$/);
  });
});

test("with hard expiry an expired password leads to the administrator, and no further", async () => {
  const hard = await world.server.account("hard-corp", ["--max-password-age", "90", "--hard-expiry", "--allow-users-to-change-password"]);
  const user = await world.server.user(hard, "erin", OLD, { daysAgo: MONTHS });
  await world.visit({}, async (page) => {
    await page.goto("/signin/hard-corp");
    await fillSignIn(page, user);
    await heading(page, "Your password has expired").waitFor();
    await sees(page, "Contact your administrator");
    await sees(page, "only an administrator can reset an expired password");
    assert.equal(await page.getByRole("textbox").count(), 0, "there is no form");
    await page.goto("/console");
    // Only a completed sign-in is remembered.
    await isAt(page, "/signin");
  });
  await world.server.resetPassword(user, NEW, { mustChange: false });
  await world.visit({}, async (page) => {
    await signIn(page, { ...user, password: NEW });
    await isAt(page, "/console");
  });
});

test("a temporary password that nobody used for a week opens nothing", async () => {
  const user = await world.server.user(corp, "frank", OLD, { mustChange: true, daysAgo: 8 });
  await world.visit({}, async (page) => {
    await page.goto("/signin/example-corp");
    await fillSignIn(page, user);
    await heading(page, "Your temporary password has expired").waitFor();
    await sees(page, "Contact your administrator");
    await page.goto("/console");
    await isAt(page, "/signin");
  });
});

test("who is denied the change by a policy is told so in the step and is not left before a form", async () => {
  const user = await world.server.user(corp, "grace", OLD, { mustChange: true, deny: ["iam:ChangePassword"] });
  await world.visit({}, async (page) => {
    await signIn(page, user);
    await isAt(page, STEP);
    await sees(page, "You are not authorized to change it.");
    await sees(page, "Contact your administrator");
    assert.match(await focused(page), /iam:ChangePassword/);
    await seesNot(page, "Confirm new password");
  });
});

test("from the step one can sign in to a different account", async () => {
  const user = await world.server.user(corp, "heidi", OLD, { mustChange: true });
  const other = await world.server.user(corp, "ivan", OLD);
  await world.visit({}, async (page) => {
    await signIn(page, user);
    await isAt(page, STEP);
    await link(page, "Sign in to a different account").click();
    await isAt(page, "/signin");
    await field(page, "Account ID or account alias").fill("example-corp");
    await button(page, "Next").click();
    await isAt(page, "/signin/example-corp");
    await fillSignIn(page, other);
    await isAt(page, "/console");
    await sees(page, "ivan @ example-corp");
  });
});
