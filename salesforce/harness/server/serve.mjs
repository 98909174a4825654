/**
 * Serves the component beside the demo: node harness/server/serve.mjs [--port 8765]. Reads .data/demo.env, or takes
 * SCRATCHER_URL and SCRATCHER_API_KEY from the environment. The browser talks to this server alone, and only from this
 * machine; the key never leaves it.
 */
import { createReadStream, existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { apexMethods } from "./apex.mjs";
import { noDevHub, simulatedDevHub } from "./devhub.mjs";
import { simulator } from "./simulator.mjs";
import { COMETD, streaming } from "./streaming.mjs";

const HARNESS = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..");
const DATA = path.resolve(process.env.SCRATCHER_DATA_DIR ?? path.join(HARNESS, "../../.data"));
const SLDS = path.resolve(HARNESS, "../node_modules/@salesforce-ux/design-system/assets");
const TYPES = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };
const MOST_BYTES = 100_000;

function fail(sentence) {
  console.error(sentence);
  process.exit(1);
}

function demo() {
  if (process.env.SCRATCHER_URL && process.env.SCRATCHER_API_KEY) {
    return process.env;
  }
  const file = path.join(DATA, "demo.env");
  if (!existsSync(file)) {
    fail(`There is no ${file}: start the demo first, with "make demo" in another terminal.`);
  }
  return Object.fromEntries(
    readFileSync(file, "utf8")
      .split("\n")
      .filter((line) => line.includes("="))
      .map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)])
  );
}

function port() {
  const at = process.argv.indexOf("--port");
  return at < 0 ? 8765 : Number(process.argv[at + 1]);
}

function fileOf(pathname) {
  if (pathname === "/") {
    return path.join(HARNESS, "src/host/index.html");
  }
  if (pathname === "/app.js") {
    return path.join(HARNESS, "dist/app.js");
  }
  const asset = path.join(SLDS, pathname.replace(/^\/slds\//, ""));
  return pathname.startsWith("/slds/") && asset.startsWith(SLDS) ? asset : null;
}

function sendFile(pathname, response) {
  const file = fileOf(pathname);
  if (file === null || !existsSync(file)) {
    response.writeHead(404).end();
    return;
  }
  const type = TYPES[path.extname(file)] ?? "application/octet-stream";
  response.writeHead(200, { "Content-Type": type, "Cache-Control": "no-cache" });
  createReadStream(file).pipe(response);
}

function sendJson(response, status, body) {
  response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(body));
}

async function parametersOf(request) {
  let text = "";
  for await (const part of request) {
    text += part;
    if (text.length > MOST_BYTES) {
      throw new Error("too long");
    }
  }
  return JSON.parse(text);
}

/** A failure reaches the page as an AuraHandledException does: {message}, with JSON in it. */
async function callApex(ask, name, request, response) {
  try {
    sendJson(response, 200, await ask[name](await parametersOf(request)));
  } catch (error) {
    const message = error.code ? JSON.stringify(error) : String(error.message);
    sendJson(response, 500, { exceptionType: "System.AuraHandledException", message });
  }
}

/** Other pages in the same browser may not use the key: they cannot send JSON here, nor under another name. */
function isOurs(request) {
  return (
    /^(localhost|127\.0\.0\.1)(:\d+)?$/.test(request.headers.host ?? "") &&
    (request.method === "GET" || /^application\/json\b/.test(request.headers["content-type"]))
  );
}

function serve() {
  const { SCRATCHER_URL: url, SCRATCHER_API_KEY: key, HARNESS_SETTINGS: settings } = { ...process.env, ...demo() };
  const hub = simulator(path.join(DATA, "demo/simulator/simulator.json"));
  const devHub = process.env.HARNESS_DEV_HUB === "none" ? noDevHub : simulatedDevHub(hub);
  const ask = apexMethods({ url, key, devHub, settings: JSON.parse(settings ?? "{}") });
  const stream = streaming(hub);
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url, "http://localhost");
    const name = pathname.replace("/apex/", "");
    if (!isOurs(request)) {
      response.writeHead(403).end();
    } else if (request.method === "POST" && pathname.startsWith(COMETD)) {
      stream(request, response);
    } else if (request.method === "POST" && Object.hasOwn(ask, name)) {
      callApex(ask, name, request, response);
    } else {
      sendFile(pathname, response);
    }
  });
  server.on("error", (error) => fail(`Port ${port()} cannot be used (${error.code}): name another one with --port.`));
  server.listen(port(), "127.0.0.1", () =>
    console.log(`The component is at http://localhost:${server.address().port}, showing what ${url} has found`)
  );
}

serve();
