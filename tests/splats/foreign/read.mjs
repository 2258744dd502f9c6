// Reads a file of splats with other people's loaders and prints its arrays as JSON:
//   node read.mjs three FILE.ply|spz|glb|usda|usdc
//   node read.mjs playcanvas FILE.glb
import { readFileSync } from "node:fs";

// Both libraries were written for pages.
globalThis.self = globalThis;

async function withThree(path, buffer) {
  const addons = "three/addons/loaders";
  if (path.endsWith(".ply")) {
    const { GaussianSplatPLYLoader } = await import(`${addons}/GaussianSplatPLYLoader.js`);
    return new GaussianSplatPLYLoader().parse(buffer);
  }
  if (path.endsWith(".spz")) {
    const { SPZLoader } = await import(`${addons}/SPZLoader.js`);
    return new SPZLoader().parse(buffer);
  }
  const { GLTFLoader } = await import(`${addons}/GLTFLoader.js`);
  const extension = await import(`${addons}/GLTFGaussianSplatLoaderExtension.js`);
  const loader = new GLTFLoader();
  loader.register((parser) => new extension.GLTFGaussianSplatLoaderExtension(parser));
  const { scene } = await loader.parseAsync(buffer, "");
  let found;
  scene.traverse((object) => {
    found = object.splatGeometry ?? found;
  });
  return found;
}

// The properties of /Splats by name, and those that move under name@frame.
async function usdWithThree(path, buffer) {
  const addons = "three/addons/loaders/usd";
  const { USDAParser } = await import(`${addons}/USDAParser.js`);
  const { USDCParser } = await import(`${addons}/USDCParser.js`);
  const isText = path.endsWith(".usda");
  const { specsByPath } = isText
    ? new USDAParser().parseData(new TextDecoder().decode(buffer))
    : new USDCParser().parseData(buffer);
  const { upAxis, metersPerUnit } = specsByPath["/"].fields;
  const arrays = { upAxis: [upAxis], metersPerUnit: [metersPerUnit] };
  for (const [place, { fields }] of Object.entries(specsByPath)) {
    const name = place.split(".")[1];
    const { default: value, timeSamples } = fields;
    if (typeof value === "object") arrays[name] = Array.from(value);
    timeSamples?.times.forEach((time, i) => {
      arrays[`${name}@${time}`] = Array.from(timeSamples.values[i]);
    });
  }
  return arrays;
}

async function withPlayCanvas(buffer) {
  const pc = await import("playcanvas");
  const canvas = {
    addEventListener() {},
    removeEventListener() {},
    getBoundingClientRect: () => ({ width: 1, height: 1, left: 0, top: 0 }),
  };
  const app = new pc.AppBase(canvas);
  const options = new pc.AppOptions();
  options.graphicsDevice = new pc.NullGraphicsDevice(canvas);
  options.resourceHandlers = [pc.ContainerHandler];
  options.componentSystems = [pc.GSplatComponentSystem];
  app.init(options);
  const file = { url: "a.glb", filename: "a.glb", contents: buffer };
  const asset = new pc.Asset("a", "container", file);
  return new Promise((resolve, reject) => {
    asset.on("load", () => resolve(asset.resource.data.gsplats[0][0].gsplatData));
    asset.on("error", reject);
    app.assets.add(asset);
    app.assets.load(asset);
  });
}

const [library, path] = process.argv.slice(2);
const file = readFileSync(path);
const buffer = file.buffer.slice(file.byteOffset, file.byteOffset + file.byteLength);
let arrays = {};
if (library === "three" && /\.usd.$/.test(path)) {
  arrays = await usdWithThree(path, buffer);
} else if (library === "three") {
  const geometry = await withThree(path, buffer);
  for (const [name, { array }] of Object.entries(geometry.attributes)) {
    // Harmonics are bytes in words.
    const isPacked = name.startsWith("sphericalHarmonics");
    arrays[name] = Array.from(isPacked ? new Uint8Array(array.buffer) : array);
  }
} else {
  for (const { name, storage } of (await withPlayCanvas(buffer)).elements[0].properties) {
    arrays[name] = Array.from(storage);
  }
}
process.stdout.write(JSON.stringify(arrays), () => process.exit(0));
