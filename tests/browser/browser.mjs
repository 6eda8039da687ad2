// Chromium, and what is watched in every visit: nothing is asked of another origin, nothing breaks the content security
// policy, the console stays empty and no page is a failure of the server.

import assert from "node:assert/strict";
import { chromium } from "playwright-core";
import * as record from "./record.mjs";
import { Server } from "./server.mjs";

const EXECUTABLE = process.env.CHROMIUM ?? "/usr/bin/chromium";
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
const PATIENCE = 30_000;

/** A server with a browser in front of it. */
export class World {
  static async open() {
    const world = new World();
    world.server = await Server.start();
    // People's browsers keep pages for Back; the driver's default is not to.
    const ignoreDefaultArgs = ["--disable-back-forward-cache"];
    world.browser = await chromium.launch({ executablePath: EXECUTABLE, args: FLAGS, ignoreDefaultArgs });
    return world;
  }

  get url() {
    return this.server.url;
  }

  async close() {
    await this.browser?.close();
    await this.server.stop();
  }

  /**
   * One person with a browser of their own. `options` are those of a browser context, and `failing`: the status of a
   * failure of the server that is wanted. What `act` returns is returned.
   */
  async visit(options, act) {
    const { failing, ...settings } = options;
    const context = await this.browser.newContext({ baseURL: this.url, ...settings });
    context.setDefaultTimeout(PATIENCE);
    const watch = await Watch.over(context, this.server, failing);
    try {
      const page = await context.newPage();
      const result = await act(page, { context, watch });
      await watch.settle();
      assert.deepEqual(watch.faults(), [], "the visit was not clean");
      return result;
    } finally {
      await context.close();
    }
  }
}

// Chromium logs every answer that is not a success; for a page with a status of its own this is no fault.
const WORTH_A_LOOK = new Set(["error", "warning", "assert"]);
const NO_SUCCESS = "Failed to load resource: the server responded with a status of";

/** What happened in a browser context. */
export class Watch {
  #faults = [];
  #messages = [];
  #pending = [];
  #failing;

  /** The last page: `{ url, status, encoding, bytes }`. */
  document = undefined;
  /** The addresses of all pages. */
  documents = new Set();
  /** Compressed sizes of the other files, by address. */
  assets = new Map();

  static async over(context, { url, dataDir }, failing) {
    const watch = new Watch();
    watch.#failing = failing;
    await context.exposeBinding("tellViolation", (_, what) => watch.#faults.push(`content security policy: ${what}`));
    await context.addInitScript(() => {
      const tell = (event) => window.tellViolation(`${event.effectiveDirective} ${event.blockedURI} ${event.sample}`);
      document.addEventListener("securitypolicyviolation", tell);
    });
    context.on("request", (request) => {
      record.request(request);
      if (!request.url().startsWith(`${url}/`)) watch.#faults.push(`a request off this origin: ${request.url()}`);
    });
    context.on("console", (message) => {
      if (!WORTH_A_LOOK.has(message.type())) return;
      watch.#messages.push({ text: message.text(), url: message.location().url });
    });
    context.on("weberror", (error) => watch.#faults.push(`an error in the script: ${error.error()}`));
    context.on("response", (response) => {
      watch.#pending.push(watch.#note(response), record.answer(response, dataDir).catch(record.failure));
    });
    return watch;
  }

  async #note(response) {
    const request = response.request();
    const [status, kind] = [response.status(), request.resourceType()];
    if (status >= 500 && status !== this.#failing) this.#faults.push(`${status} from ${request.url()}`);
    if (kind === "document") this.documents.add(request.url());
    if (status >= 300 && status < 400) return;
    const sizes = await request.sizes().catch(() => undefined);
    if (!sizes) return;
    const bytes = sizes.responseBodySize;
    if (kind === "document") {
      this.document = { url: request.url(), status, encoding: response.headers()["content-encoding"], bytes };
    } else if (bytes > 0) {
      // What comes from the browser's own cache has no size.
      this.assets.set(new URL(request.url()).pathname, { kind, bytes });
    }
  }

  /** Until everything that was seen is noted. */
  async settle() {
    await Promise.all(this.#pending);
  }

  faults() {
    const isOfPage = ({ text, url }) => text.startsWith(NO_SUCCESS) && this.documents.has(url);
    const messages = this.#messages.filter((message) => !isOfPage(message));
    return [...this.#faults, ...messages.map(({ text, url }) => `the browser's console: ${text} (${url})`)];
  }
}
