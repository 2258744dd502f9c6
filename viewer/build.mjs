// Bundles the viewer into one page, src/incarnate/view/static/index.html, and what finds faces beside it, static/webcam.
// `node build.mjs`; the page names the hash of what it was made from, which a test compares.

import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync, gzipSync } from "node:zlib";
import { build, transform } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const folder = join(here, "..", "src", "incarnate", "view", "static");
const out = join(folder, "index.html");
const options = {
  bundle: true,
  write: false,
  minify: true,
  charset: "utf8",
  target: "es2022",
  legalComments: "none",
  loader: { ".glsl": "text", ".hdr": "binary", ".bin": "binary" },
};

// A worker's code travels as text, since a page from a folder can't load a second script.
const workers = {
  name: "workers",
  setup(plugin) {
    plugin.onResolve({ filter: /^worker:/ }, ({ path }) => ({
      path: join(here, "src", `${path.slice(7)}.ts`),
      namespace: "worker",
    }));
    plugin.onLoad({ filter: /.*/, namespace: "worker" }, async ({ path }) => {
      const made = await build({ ...options, entryPoints: [path], format: "iife" });
      return { contents: made.outputFiles[0].text, loader: "text" };
    });
  },
};

async function sources(root) {
  const found = [];
  for (const entry of await readdir(root, { withFileTypes: true })) {
    const path = join(root, entry.name);
    if (entry.isDirectory()) found.push(...(await sources(path)));
    else found.push(path);
  }
  return found;
}

async function sourceHash() {
  const own = [join(here, "build.mjs"), join(here, "package.json")];
  const files = [...own, ...(await sources(join(here, "src"))), ...(await sources(join(here, "data")))];
  const hash = createHash("sha256");
  for (const path of files.map((file) => relative(here, file)).sort()) {
    hash.update(`${path}\0`);
    hash.update(await readFile(join(here, path)));
  }
  return hash.digest("hex");
}

const made = await build({
  ...options,
  entryPoints: [join(here, "src", "main.ts")],
  format: "iife",
  plugins: [workers],
});
const script = made.outputFiles[0].text.replaceAll("</script", "<\\/script");
const style = await build({ ...options, entryPoints: [join(here, "src", "style.css")] });
const notices = await readFile(join(here, "src", "third_party.txt"), "utf8");
const page = (await readFile(join(here, "src", "index.html"), "utf8"))
  .replace("<!-- style -->", () => `<style>${style.outputFiles[0].text.trim()}</style>`)
  .replace("<!-- script -->", () => `<script>${script.trim()}</script>`)
  .replace("<!-- third party -->", () => `<!--\n${notices}-->`)
  .replace("<!-- source -->", `<meta name="source" content="${await sourceHash()}">`);
await mkdir(dirname(out), { recursive: true });
await writeFile(out, page);
console.log(`wrote ${relative(process.cwd(), out)}: ${Math.round(page.length / 1024)} KiB`);

// Browsers fetch these only when the webcam is switched on. The loader defines a global for the code below it.
const finder = await build({ ...options, entryPoints: [join(here, "src", "webcam_worker.ts")], format: "iife" });
const wasm = join(here, "node_modules", "@mediapipe", "tasks-vision", "wasm", "vision_wasm_internal");
const loader = await transform(await readFile(`${wasm}.js`, "utf8"), { minify: true, target: "es2022" });
const packed = join(folder, "webcam", "vision_wasm_internal.wasm.gz");
await mkdir(dirname(packed), { recursive: true });
const origin = await readFile(join(here, "src", "webcam_third_party.txt"), "utf8");
// Emscripten's made-up home in its made-up file system would look like a folder of whoever built this.
const code = loader.code.replaceAll(["", "home", "web_user"].join("/"), "/web_user");
const worker = `/*\n${origin}*/\n${code}${finder.outputFiles[0].text}`;
await writeFile(join(folder, "webcam", "worker.js"), worker);
// Versions of zlib pack differently: the file stays as it is while its content does.
const raw = await readFile(`${wasm}.wasm`);
const known = await readFile(packed).then(gunzipSync, () => undefined);
if (!known?.equals(raw)) await writeFile(packed, gzipSync(raw, { level: 9 }));
console.log(`and webcam/: ${Math.round(worker.length / 1024)} KiB of script`);
