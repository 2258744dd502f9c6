// Bundles the viewer into one page: src/incarnate/view/static/index.html.
// `node build.mjs`; the page names the hash of what it was made from, which a test compares.

import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const out = join(here, "..", "src", "incarnate", "view", "static", "index.html");
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

async function sources(folder) {
  const found = [];
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
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
