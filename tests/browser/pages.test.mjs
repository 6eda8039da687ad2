// Every page in every state: no accessibility fault in light and in dark, no sideways scrolling on a small screen, and no
// more bytes than the first view may cost. All under the policy that the server really sends.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { World } from "./browser.mjs";
import { STATES, furnish } from "./states.mjs";

const KILOBYTE = 1000;
const FIRST_VIEW = 14 * KILOBYTE;
const STYLE = 6 * KILOBYTE;
const SCRIPT = 1.5 * KILOBYTE;
/** Without motion, so that no colour is judged on its way to another. */
const AT_FIRST = { colorScheme: "light", reducedMotion: "reduce", viewport: { width: 1280, height: 900 } };
/** WCAG 2.2, 1.4.10 Reflow. */
const NARROW = { width: 320, height: 640 };

let world;
let house;
let axe;
before(async () => {
  axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
  world = await World.open();
  house = await furnish(world);
});
after(() => world?.close());

/** Through the driver, which the page's policy does not reach: it need not be weakened. */
async function accessibilityFaults(page) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => window.axe.run());
  return violations.flatMap(({ id, help, nodes }) => nodes.map((node) => `${id}: ${help}: ${node.html}`));
}

async function sidewaysScroll(page) {
  return page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    const cut = (element) => element.getBoundingClientRect().right > clientWidth && !element.closest(".sr, .skip, .art, .tabs");
    const names = [...document.body.querySelectorAll("*")].filter(cut).map((element) => element.outerHTML.slice(0, 80));
    return { scrolls: scrollWidth > clientWidth, cut: names };
  });
}

function assertBudget({ document, assets }) {
  if (document.status < 400 || document.status === 422) assert.equal(document.encoding, "br", "the page is compressed");
  const of = (kind) => [...assets.values()].filter((asset) => asset.kind === kind).reduce((sum, { bytes }) => sum + bytes, 0);
  const [style, script] = [of("stylesheet"), of("script")];
  assert.ok(style > 0 && style <= STYLE, `the style is ${style} bytes`);
  assert.ok(script > 0 && script <= SCRIPT, `the script is ${script} bytes`);
  const all = document.bytes + style + script;
  assert.ok(document.bytes > 0 && all <= FIRST_VIEW, `the first view is ${all} bytes`);
}

for (const { name, open, failing } of STATES) {
  test(`the page ${name} is accessible in light and dark, fits a small screen and is small itself`, async (t) => {
    await world.visit({ failing, ...AT_FIRST }, async (page, { watch }) => {
      await open(page, house);
      await watch.settle();
      await t.test("light", async () => assert.deepEqual(await accessibilityFaults(page), []));
      await page.emulateMedia({ colorScheme: "dark" });
      await t.test("dark", async () => assert.deepEqual(await accessibilityFaults(page), []));
      await page.setViewportSize(NARROW);
      await t.test("320 px", async () => assert.deepEqual(await sidewaysScroll(page), { scrolls: false, cut: [] }));
      await t.test("narrow and dark", async () => assert.deepEqual(await accessibilityFaults(page), []));
      await t.test("bytes", () => assertBudget(watch));
    });
  });
}
