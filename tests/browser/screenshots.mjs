// Saves every page in every state as pictures: `node screenshots.mjs FOLDER [STATE...]`.

import { mkdir } from "node:fs/promises";
import path from "node:path";
import { World } from "./browser.mjs";
import { STATES, furnish } from "./states.mjs";

const SHOTS = [
  { suffix: "1280-light", colorScheme: "light", viewport: { width: 1280, height: 900 } },
  { suffix: "1280-dark", colorScheme: "dark", viewport: { width: 1280, height: 900 } },
  { suffix: "360-light", colorScheme: "light", viewport: { width: 360, height: 780 } },
];

const [folder, ...wanted] = process.argv.slice(2);
if (!folder) {
  console.error("Usage: node screenshots.mjs FOLDER [STATE...]");
  process.exit(2);
}
await mkdir(folder, { recursive: true });

async function save(page, name) {
  await page.evaluate(() => document.fonts.ready);
  for (const { suffix, colorScheme, viewport } of SHOTS) {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize(viewport);
    const file = path.join(folder, `${name}-${suffix}.png`);
    await page.screenshot({ path: file, fullPage: true, animations: "disabled" });
  }
  console.log(name);
}

const world = await World.open();
try {
  const house = await furnish(world);
  for (const { name, open, failing } of STATES.filter((state) => wanted.length === 0 || wanted.includes(state.name))) {
    await world.visit({ failing }, async (page) => {
      await open(page, house);
      await save(page, name);
    });
  }
} finally {
  await world.close();
}
