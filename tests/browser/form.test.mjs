// The form of Change password: what it says, what the script adds to it, and two clicks instead of one.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { World } from "./browser.mjs";
import {
  CHANGE, CREDENTIALS, button, changePassword, field, fillChange, focused, heading, isAt, link, problems, sees, seesNot, signIn, title,
} from "./person.mjs";

const OLD = "Quiet!Harbour72x";
const NEW = "Lively+Orchard83y";
const OWN_PASSWORD = ["iam:ChangePassword", "iam:GetAccountPasswordPolicy", "iam:GetUser", "iam:GetAccountSummary"];
const STRICT = [
  "--minimum-password-length", "14", "--require-uppercase-characters", "--require-lowercase-characters",
  "--require-numbers", "--require-symbols", "--password-reuse-prevention", "5",
];

let world;
let corp;
before(async () => {
  world = await World.open();
  corp = await world.server.account("example-corp", STRICT);
});
after(() => world?.close());

const user = (name, permissions = { allow: OWN_PASSWORD }) => world.server.user(corp, name, OLD, permissions);

async function openForm(page, who) {
  await signIn(page, who);
  await page.goto(CHANGE);
}

test("everything that is wrong is said at once, and the summary has the focus", async () => {
  const alice = await user("alice");
  await world.visit({}, async (page) => {
    await openForm(page, alice);
    await changePassword(page, "not the password", "abc", "abc");
    const said = [
      "Your current password is incorrect",
      "New password must have at least 14 characters",
      "New password must have at least one uppercase letter, one number and one symbol",
    ];
    assert.deepEqual(await problems(page), said);
    assert.match(await focused(page), /^There is a problem/);
    assert.equal(await title(page), "Error: Change password");
    for (const label of ["Current password", "New password", "Confirm new password"]) {
      assert.equal(await field(page, label).inputValue(), "", "no password comes back");
    }
    for (const [label, words] of [["Current password", said.slice(0, 1)], ["New password", said.slice(1)]]) {
      assert.equal(await field(page, label).getAttribute("aria-invalid"), "true");
      const described = await description(field(page, label));
      for (const one of words) assert.ok(described.includes(one), `${label} is not described by ${one}`);
    }
    await link(page, said[1]).click();
    assert.equal(await page.evaluate(() => document.activeElement.name), "new_password", "a line of the summary leads to its field");
  });
});

/** The text that `aria-describedby` leads to. */
function description(locator) {
  return locator.evaluate((input) => {
    const ids = input.getAttribute("aria-describedby").split(" ");
    return ids.map((id) => document.getElementById(id).textContent).join(" ");
  });
}

test("empty fields are named in their order", async () => {
  const bob = await user("bob");
  await world.visit({}, async (page) => {
    await openForm(page, bob);
    await button(page, "Change password").click();
    assert.deepEqual(await problems(page), ["Enter your current password", "Enter a new password", "Enter the new password again"]);
    await changePassword(page, OLD, NEW, `${NEW}z`);
    assert.deepEqual(await problems(page), ["The passwords do not match"]);
  });
});

test("a password of the recent past is refused, and so is the current one", async () => {
  const carol = await user("carol");
  await world.visit({}, async (page) => {
    await openForm(page, carol);
    await changePassword(page, OLD, NEW);
    await isAt(page, CREDENTIALS);
    await page.goto(CHANGE);
    await changePassword(page, NEW, OLD);
    assert.deepEqual(await problems(page), ["New password must not be one of your last 5 passwords"]);
    await changePassword(page, NEW, NEW);
    assert.ok((await problems(page)).includes("New password must be different from your current password"));
  });
});

/** "Met" or "Not met" for each rule that the script judges. */
function checklist(page) {
  const lines = page.getByRole("list", { name: "Your new password must have" }).getByRole("listitem");
  return lines.evaluateAll((all) => all.map((line) => line.querySelector(".sr")?.textContent.trim()).filter(Boolean));
}

test("the list of rules follows what is typed and tells a screen reader once", async () => {
  const dave = await user("dave");
  await world.visit({}, async (page) => {
    await openForm(page, dave);
    const input = field(page, "New password");
    const live = page.locator("#live");
    assert.deepEqual(await checklist(page), Array(5).fill("Not met:"));
    await input.pressSequentially("quiet7");
    assert.deepEqual(await checklist(page), ["Not met:", "Not met:", "Met:", "Met:", "Not met:"]);
    await live.getByText("3 requirements not met").waitFor({ state: "attached" });
    await input.fill(NEW);
    assert.deepEqual(await checklist(page), Array(5).fill("Met:"));
    await live.getByText("Met so far; the rest is checked when you submit").waitFor({ state: "attached" });
    await input.fill("Lively+Orchard");
    await live.getByText("1 requirement not met").waitFor({ state: "attached" });
    await sees(page, "(checked when you submit)");
  });
});

test("a password can be shown and hidden, and is hidden before it is sent", async () => {
  const erin = await user("erin");
  await world.visit({}, async (page) => {
    await openForm(page, erin);
    const [input, live] = [field(page, "New password"), page.locator("#live")];
    await fillChange(page, OLD, "short");
    await button(page, "Show new password").click();
    assert.equal(await input.getAttribute("type"), "text");
    await live.getByText("Your password is visible").waitFor({ state: "attached" });
    assert.equal(await field(page, "Current password").getAttribute("type"), "password", "only this one is shown");
    await button(page, "Hide new password").click();
    assert.equal(await input.getAttribute("type"), "password");
    await live.getByText("Your password is hidden").waitFor({ state: "attached" });

    await button(page, "Show new password").click();
    const sent = page.evaluate(() => new Promise((resolve) => {
      addEventListener("submit", (event) => {
        event.preventDefault();
        resolve(document.getElementById("new_password").type);
      });
    }));
    await button(page, "Change password").click();
    assert.equal(await sent, "password");
  });
});

test("a value of the account details can be copied", async () => {
  const frank = await user("frank");
  await world.visit({ permissions: ["clipboard-read", "clipboard-write"] }, async (page) => {
    await signIn(page, frank);
    await page.goto(CREDENTIALS);
    const copied = async (name) => {
      await page.getByRole("main").getByRole("button", { name, exact: true }).click();
      await page.locator("#live").getByText("Copied").waitFor({ state: "attached" });
      return page.evaluate(() => navigator.clipboard.readText());
    };
    assert.equal(await copied("Copy account ID"), corp.id);
    assert.equal(await copied("Copy user ARN"), `arn:aws:iam::${corp.id}:user/frank`);
  });
});

for (const javaScriptEnabled of [true, false]) {
  const how = javaScriptEnabled ? "with the script" : "without the script";
  test(`two quick clicks change the password once and never say incorrect, ${how}`, async () => {
    const grace = await user(javaScriptEnabled ? "grace" : "heidi");
    await world.visit({ javaScriptEnabled }, async (page) => {
      await openForm(page, grace);
      await fillChange(page, OLD, NEW);
      await button(page, "Change password").dblclick();
      await sees(page, "Your password was changed");
      await seesNot(page, "incorrect");
      await world.visit({}, async (another) => {
        await signIn(another, { ...grace, password: NEW });
        await isAt(another, "/console");
      });
    });
  });
}

test("a click that comes after the change of the same page ends on the sign-in page with the good news", async () => {
  const ivan = await user("ivan");
  await world.visit({ javaScriptEnabled: false }, async (page, { context }) => {
    await openForm(page, ivan);
    const before = (await context.cookies()).find((cookie) => cookie.name.endsWith("msc-session"));
    const late = await context.newPage();
    await late.goto(CHANGE);
    await changePassword(page, OLD, NEW);
    await isAt(page, CREDENTIALS);
    // The second click left before the answer to the first one had arrived.
    await context.addCookies([before]);
    await changePassword(late, OLD, NEW);
    await isAt(late, "/signin/example-corp");
    await sees(late, "Your password was changed");
    await sees(late, "Sign in with your new password to continue.");
  });
});

test("who may not change the password is told so before typing one", async () => {
  const judy = await user("judy", {});
  await world.visit({}, async (page) => {
    await signIn(page, judy);
    await page.goto(CREDENTIALS);
    const denied = link(page, "Change password");
    assert.equal(await denied.getAttribute("aria-disabled"), "true");
    await sees(page, "You do not have permission: iam:ChangePassword");
    const answer = await page.goto(CHANGE);
    assert.equal(answer.status(), 403);
    await heading(page, "You are not authorized to change your password").waitFor();
    await sees(page, `arn:aws:iam::${corp.id}:user/judy`);
    await sees(page, "Request ID");
    await link(page, "Go to Console Home").click();
    await isAt(page, "/console");
  });
});

test("a form that an earlier session of this browser opened changes nothing and says that it expired", async () => {
  const mallory = await user("mallory");
  await world.visit({}, async (page, { context }) => {
    await openForm(page, mallory);
    const other = await context.newPage();
    await other.goto(CHANGE);
    await changePassword(other, OLD, NEW);
    await isAt(other, CREDENTIALS);
    await changePassword(page, NEW, "Sturdy=Meadow94z");
    await heading(page, "This page expired").waitFor();
    await sees(page, "Nothing was changed.");
    await link(page, "Open the form again").click();
    await heading(page, "Change password").waitFor();
    await changePassword(page, NEW, "Sturdy=Meadow94z");
    await isAt(page, CREDENTIALS);
  });
});
