// The procedure "To change your own IAM user password (console)", step by step, as the guide of IAM tells it.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { World } from "./browser.mjs";
import {
  CHANGE, CREDENTIALS, button, changePassword, field, fillSignIn, hasFocus, heading, isAt, link, sees, seesNot, signIn, userMenu,
} from "./person.mjs";

const OLD = "Quiet!Harbour72x";
const NEW = "Lively+Orchard83y";
const OWN_PASSWORD = ["iam:ChangePassword", "iam:GetAccountPasswordPolicy", "iam:GetUser"];

let world;
let account;
before(async () => {
  world = await World.open();
  account = await world.server.account("example-corp", ["--minimum-password-length", "14", "--require-symbols"]);
});
after(() => world?.close());

/** Step 1: the account's alias or ID, the user name, the password. */
async function signInFromTheMainPage(page, accountName, user) {
  await page.goto("/");
  await heading(page, "Sign in as IAM user").waitFor();
  await field(page, "Account ID or account alias").fill(accountName);
  await button(page, "Next").click();
  await heading(page, "IAM user sign in").waitFor();
  await isAt(page, `/signin/${accountName}`);
  await fillSignIn(page, user);
  await isAt(page, "/console");
}

/** Steps 2 and 3: user name, My Security Credentials, the tab, Change password. */
async function openTheForm(page, user) {
  const menu = userMenu(page);
  assert.match(await menu.innerText(), new RegExp(`^${user.name} @ example-corp`));
  await menu.click();
  await link(page, "My Security Credentials").click();
  await isAt(page, CREDENTIALS);
  const tab = page.getByRole("navigation", { name: "Credentials" }).getByRole("link", { name: "AWS IAM Credentials" });
  assert.equal(await tab.getAttribute("aria-current"), "page");
  await link(page, "Change password").click();
  await isAt(page, CHANGE);
}

async function signOutByTheMenu(page) {
  await userMenu(page).click();
  await button(page, "Sign out").click();
  await sees(page, "You are signed out");
}

for (const javaScriptEnabled of [true, false]) {
  const how = javaScriptEnabled ? "with a mouse" : "with the script off";
  test(`a person changes the own password ${how}`, async () => {
    const user = await world.server.user(account, javaScriptEnabled ? "alice" : "bob", OLD, { allow: OWN_PASSWORD });
    await world.visit({}, async (elsewhere) => {
      await signIn(elsewhere, user);
      await world.visit({ javaScriptEnabled }, async (page) => {
        await signInFromTheMainPage(page, "example-corp", user);
        await openTheForm(page, user);
        await sees(page, "1 other session will be signed out");
        assert.equal(await button(page, "Show new password").isVisible(), javaScriptEnabled);
        await changePassword(page, OLD, NEW);
        await isAt(page, CREDENTIALS);
        await sees(page, "Your password was changed");
        await sees(page, "1 other session was signed out.");

        await signOutByTheMenu(page);
        assert.equal(await field(page, "IAM user name").inputValue(), user.name, "the user name is remembered");
        await field(page, "Password").fill(OLD);
        await button(page, "Sign in").click();
        await sees(page, "We could not sign you in");
        assert.equal(await field(page, "Password").inputValue(), "");
        await field(page, "Password").fill(NEW);
        await button(page, "Sign in").click();
        await isAt(page, "/console");
      });
      await elsewhere.goto("/console");
      await isAt(elsewhere, "/signin/example-corp");
    });
  });
}

test("the user menu is on the upper right, and a different account is chosen near the bottom", async () => {
  const user = await world.server.user(account, "carol", OLD);
  await world.visit({ viewport: { width: 1280, height: 800 } }, async (page) => {
    await page.goto("/signin/example-corp");
    const [send, other] = [button(page, "Sign in"), link(page, "Sign in to a different account")];
    const [above, below] = [await send.boundingBox(), await other.boundingBox()];
    assert.ok(below.y > above.y + above.height, "it stands below the form");
    await signIn(page, user);
    const box = await userMenu(page).boundingBox();
    assert.ok(box.y + box.height <= 64 && box.x + box.width >= 1280 - 64, `the menu is at ${JSON.stringify(box)}`);
  });
});

/** Presses Tab until this has the focus. */
async function tabTo(page, target) {
  for (let presses = 0; presses < 40; presses += 1) {
    if (await target.count() && await hasFocus(target.first())) return;
    await page.keyboard.press("Tab");
  }
  assert.fail(`Tab does not come to ${target}`);
}

async function type(page, target, text) {
  await tabTo(page, target);
  await page.keyboard.type(text);
}

async function press(page, target) {
  await tabTo(page, target);
  await page.keyboard.press("Enter");
}

test("a person changes the own password with the keyboard alone", async () => {
  const user = await world.server.user(account, "dave", OLD, { allow: OWN_PASSWORD });
  await world.visit({}, async (page) => {
    await page.goto("/");
    await heading(page, "Sign in as IAM user").waitFor();
    assert.ok(await hasFocus(field(page, "Account ID or account alias")), "the first field has the focus");
    await page.keyboard.type("example-corp");
    await page.keyboard.press("Enter");
    await isAt(page, "/signin/example-corp");
    await type(page, field(page, "IAM user name"), user.name);
    await type(page, field(page, "Password"), OLD);
    await page.keyboard.press("Enter");
    await isAt(page, "/console");

    await page.keyboard.press("Tab");
    assert.ok(await hasFocus(link(page, "Skip to main content")), "the first Tab comes to the way past the navigation");
    await press(page, userMenu(page));
    await link(page, "My Security Credentials").waitFor();
    await page.keyboard.press("Escape");
    await link(page, "My Security Credentials").waitFor({ state: "hidden" });
    assert.ok(await hasFocus(userMenu(page)), "Esc gives the focus back");
    await page.keyboard.press("Enter");
    await press(page, link(page, "My Security Credentials"));
    await isAt(page, CREDENTIALS);
    await press(page, link(page, "Change password"));
    await isAt(page, CHANGE);

    await type(page, field(page, "Current password"), OLD);
    await type(page, field(page, "New password"), NEW);
    await type(page, field(page, "Confirm new password"), NEW);
    await press(page, button(page, "Change password"));
    await isAt(page, CREDENTIALS);
    await sees(page, "Your password was changed");
    await press(page, button(page, "Dismiss message"));
    await seesNot(page, "Your password was changed");
    assert.ok(await hasFocus(page.getByRole("main")), "the focus is not lost with the message");

    await press(page, userMenu(page));
    await press(page, button(page, "Sign out"));
    await sees(page, "You are signed out");
    assert.ok(await hasFocus(field(page, "Password")), "the user name is known, so the password has the focus");
    await page.keyboard.type(NEW);
    await page.keyboard.press("Enter");
    await isAt(page, "/console");
  });
});
