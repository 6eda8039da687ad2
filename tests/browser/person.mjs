// What people do on the pages, and what they look for. Everything is found by the words and roles that a person has.

import assert from "node:assert/strict";
import * as record from "./record.mjs";

export const CREDENTIALS = "/console/security-credentials";
export const CHANGE = `${CREDENTIALS}/password`;
export const STEP = "/signin/step/change-password";

export const button = (page, name) => page.getByRole("button", { name, exact: true });
export const link = (page, name) => page.getByRole("link", { name, exact: true });
/** A field by its label; Show and Hide are named after it and are no fields. */
export const field = (page, label) => page.getByLabel(label, { exact: true });
export const heading = (page, name) => page.getByRole("heading", { name, exact: true });
/** The button that opens the user menu. */
export const userMenu = (page) => page.getByRole("banner").getByRole("button", { name: / @ / });

/** Waits for these words. */
export const sees = (page, text) => page.getByText(text).first().waitFor();

/** Waits for the page of this path. */
export async function isAt(page, path) {
  await page.waitForURL((url) => url.pathname === path).catch(async () => {
    assert.fail(`${page.url()} is no ${path}: ${await page.getByRole("main").innerText()}`);
  });
}

export async function seesNot(page, text) {
  assert.equal(await page.getByText(text).count(), 0, `the page says ${text}`);
}

export const hasFocus = (locator) => locator.evaluate((element) => element === document.activeElement);

/** The words of the element that has the focus. */
export const focused = (page) => page.evaluate(() => document.activeElement.innerText);

/** Fills the account's sign-in page, which is open, and sends it. */
export async function fillSignIn(page, { name, password }) {
  record.secret("password", password);
  await field(page, "IAM user name").fill(name);
  await field(page, "Password").fill(password);
  await button(page, "Sign in").click();
}

/** Through the account's own page, into whatever comes after it. */
export async function signIn(page, user) {
  await page.goto(`/signin/${user.account.alias}`);
  await fillSignIn(page, user);
  await page.waitForURL((url) => !/^\/signin\/(?!step)/.test(url.pathname));
}

export async function signOut(page) {
  await userMenu(page).click();
  await button(page, "Sign out").click();
  await sees(page, "You are signed out");
}

/** Fills the form, which is open. */
export async function fillChange(page, current, next, confirm = next) {
  for (const typed of [current, next, confirm]) record.secret("password", typed);
  await field(page, "Current password").fill(current);
  await field(page, "New password").fill(next);
  await field(page, "Confirm new password").fill(confirm);
}

export async function changePassword(page, current, next, confirm = next) {
  await fillChange(page, current, next, confirm);
  await button(page, "Change password").click();
}

/** The lines of the error summary, once it is there. */
export async function problems(page) {
  const summary = page.getByRole("alert");
  await summary.getByText("There is a problem").waitFor();
  return summary.getByRole("link").allInnerTexts();
}

/** The document's title without the name of the console. */
export const title = async (page) => (await page.title()).split(" | ")[0];
