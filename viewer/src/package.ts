// An avatar package in memory, checked; names are those of docs/package.md.

import { type ArrayFacts, FileError, Glb, type Numbers } from "./glb";

const EXTENSION = "INCARNATE_avatar";
const VERSION = 2;
const MAX_SPLATS = 2_000_000;
export const DIRECTIONS = 128;
/** What a pose changes of a body's splat: albedo 3, offset 3, opacity 1, scale 3, turn 3, exposure 1. */
export const CHANGES = 14;

interface Extension {
  version: number;
  kind: "head" | "body";
  name: string;
  consent: Record<string, string | null> | null;
  licenses: Record<string, string>;
  numSplats: number;
  shading: "shaded" | "baked";
  expressions: string[];
  /** Of a body. */
  changes: Record<"start" | "basis" | "basisScale", ArrayFacts> & { units: number[]; limits: number[] };
  /** Of a head, as the exposure is. */
  deformation: Record<"codeMean" | "codeComponents" | "coefficients" | "basis", ArrayFacts> & {
    codeLimit: number;
  };
  materials: { surface: ArrayFacts };
  exposure: Record<
    "weights" | "bare" | "open" | "hidden" | "occlusion" | "occlusionBasis" | "trainingGain",
    ArrayFacts
  > & { frameJoints: number[]; frameOfJoint: number[][]; occlusionScale: number[] };
  light: ArrayFacts;
  camera: CameraFacts;
  clips: { name: string; animation: number; fps: number; expression: ArrayFacts }[];
}

export interface CameraFacts {
  intrinsics: number[];
  cameraFromWorld: number[];
  width: number;
  height: number;
}

export interface Clip {
  name: string;
  fps: number;
  frames: number;
  /** [T][E] */
  expression: Numbers;
  /** [J][T][4], xyzw, about the rest joint. */
  rotations: Numbers[];
  /** [T][3], of the root's displacement from rest. */
  translation: Numbers;
}

export interface Skeleton {
  names: string[];
  parents: number[];
  /** [J][3], world places at rest. */
  places: Numbers;
}

export interface Radiance {
  width: number;
  height: number;
  /** [H][W][3], linear. */
  texels: Numbers;
}

interface Common {
  name: string;
  consent: Record<string, string | null> | null;
  licenses: Record<string, string>;
  count: number;
  baked: boolean;
  /** Of a body, its coefficients. */
  expressions: string[];
  skeleton: Skeleton;
  splats: Record<"means" | "rotations" | "scales" | "opacities" | "joints" | "weights", Numbers>;
  /** Joints that may move a splat: four or eight. */
  influences: number;
  surface: Numbers;
  light: Radiance;
  camera: CameraFacts;
  clips: Clip[];
}

export interface HeadPackage extends Common {
  kind: "head";
  deformation: {
    limit: number;
    mean: Numbers;
    components: Numbers;
    codes: number;
    coefficients: Numbers;
    width: number;
    basis: Uint16Array<ArrayBuffer>;
  };
  exposure: {
    rank: number;
    weights: Uint16Array<ArrayBuffer>;
    bare: Numbers;
    open: Numbers;
    hidden: Numbers;
    frameJoints: number[];
    frameOfJoint: number[][];
    occlusion: Numbers;
    occlusionBasis: Int8Array<ArrayBuffer>;
    occlusionScale: number[];
    trainingGain: Numbers;
  };
}

export interface BodyPackage extends Common {
  kind: "body";
  changes: {
    units: number[];
    limits: number[];
    /** [N][14] */
    start: Uint16Array<ArrayBuffer>;
    /** How many coefficients there are. */
    width: number;
    /** [N][14][width], in units of scale. */
    basis: Int8Array<ArrayBuffer>;
    /** [14][width] */
    scale: Numbers;
  };
}

export type Package = HeadPackage | BodyPackage;

/** Read a package; throws FileError with words for the user. */
export function readPackage(file: ArrayBuffer): Package {
  const glb = Glb.parse(file);
  const facts = glb.document.extensions?.[EXTENSION] as Extension | undefined;
  if (!facts) {
    throw new FileError("This .glb is no avatar package. `incarnate export AVATAR --format package` writes one.");
  }
  if (!(facts.version <= VERSION)) {
    throw new FileError(`The package has version ${facts.version}; this viewer reads up to ${VERSION}.`);
  }
  try {
    return assemble(glb, facts);
  } catch (problem) {
    if (problem instanceof FileError) throw problem;
    throw new FileError(`The package is damaged (${(problem as Error).message}); export it again.`);
  }
}

function assemble(glb: Glb, facts: Extension): Package {
  const count = facts.numSplats;
  if (!Number.isInteger(count) || count < 1 || count > MAX_SPLATS) {
    throw new FileError(`The package says it has ${count} splats; at most ${MAX_SPLATS} are shown.`);
  }
  const attributes = glb.document.meshes[0].primitives[0].attributes;
  const attribute = (name: string, width: number): Numbers => {
    const numbers = glb.accessor(attributes[name]);
    expect(numbers.length === count * width, name);
    return numbers;
  };
  const skeleton = readSkeleton(glb);
  expect(same(facts.materials.surface.shape, [count, 5]), "surface");
  expect(facts.light.shape[1] === 2 * facts.light.shape[0], "light");
  const sets = attributes["JOINTS_1"] === undefined ? [0] : [0, 1];
  const joints = beside(sets.map((number) => attribute(`JOINTS_${number}`, 4)));
  expect(joints.every((joint) => joint < skeleton.names.length), "joints");
  const common: Common = {
    name: String(facts.name),
    consent: facts.consent,
    licenses: facts.licenses ?? {},
    count,
    baked: facts.shading === "baked",
    expressions: facts.expressions.map(String),
    skeleton,
    splats: {
      means: attribute("POSITION", 3),
      rotations: attribute("KHR_gaussian_splatting:ROTATION", 4),
      scales: attribute("KHR_gaussian_splatting:SCALE", 3),
      opacities: attribute("KHR_gaussian_splatting:OPACITY", 1),
      joints,
      weights: beside(sets.map((number) => attribute(`WEIGHTS_${number}`, 4))).map((share) => share / 65535),
    },
    influences: 4 * sets.length,
    surface: glb.floats(facts.materials.surface),
    light: { height: facts.light.shape[0], width: facts.light.shape[1], texels: glb.floats(facts.light) },
    camera: facts.camera,
    clips: facts.clips.map((clip) => readClip(glb, clip, skeleton, facts.expressions.length)),
  };
  if (facts.kind === "head") return { ...common, kind: "head", ...readHead(glb, facts, skeleton) };
  if (facts.kind === "body") return { ...common, kind: "body", changes: readChanges(glb, facts) };
  throw new FileError(`The package holds a ${facts.kind}, which this viewer does not know.`);
}

function readHead(glb: Glb, facts: Extension, skeleton: Skeleton): Pick<HeadPackage, "deformation" | "exposure"> {
  const { deformation, exposure, numSplats: count } = facts;
  const codes = deformation.codeComponents.shape[1];
  const features = facts.expressions.length + 9 * (skeleton.names.length - 1);
  const width = deformation.basis.shape[2];
  const rank = exposure.weights.shape[1];
  expect(deformation.codeComponents.shape[0] === features, "codeComponents");
  expect(same(deformation.codeMean.shape, [features]), "codeMean");
  expect(same(deformation.coefficients.shape, [width, facts.expressions.length + codes]), "coefficients");
  expect(same(deformation.basis.shape, [count, 3, width]), "basis");
  expect(same(exposure.weights.shape, [count, rank]), "weights");
  expect(same(exposure.bare.shape, [rank, DIRECTIONS]), "bare");
  expect(same(exposure.open.shape, [rank, DIRECTIONS]), "open");
  expect(same(exposure.occlusionBasis.shape, [count, codes]), "occlusionBasis");
  expect(same(exposure.trainingGain.shape, [count, 3]), "trainingGain");
  expect(same(exposure.hidden.shape, [count]) && same(exposure.occlusion.shape, [count]), "exposure");
  expect(exposure.frameJoints.length === 2, "frameJoints");
  expect(exposure.frameOfJoint.length === skeleton.names.length, "frameOfJoint");
  return {
    deformation: {
      limit: deformation.codeLimit,
      mean: glb.floats(deformation.codeMean),
      components: glb.floats(deformation.codeComponents),
      codes,
      coefficients: glb.floats(deformation.coefficients),
      width,
      basis: glb.halves(deformation.basis),
    },
    exposure: {
      rank,
      weights: glb.halves(exposure.weights),
      bare: glb.floats(exposure.bare),
      open: glb.floats(exposure.open),
      hidden: glb.floats(exposure.hidden),
      frameJoints: exposure.frameJoints,
      frameOfJoint: exposure.frameOfJoint,
      occlusion: glb.floats(exposure.occlusion),
      occlusionBasis: glb.bytes(exposure.occlusionBasis),
      occlusionScale: exposure.occlusionScale,
      trainingGain: glb.floats(exposure.trainingGain),
    },
  };
}

function readChanges(glb: Glb, facts: Extension): BodyPackage["changes"] {
  const { changes, numSplats: count } = facts;
  const width = facts.expressions.length;
  expect(changes.units.length === CHANGES && changes.limits.length === CHANGES, "units");
  expect(changes.limits.every((limit) => limit > 0), "limits");
  expect(same(changes.start.shape, [count, CHANGES]), "start");
  expect(same(changes.basis.shape, [count, CHANGES, width]), "basis");
  expect(same(changes.basisScale.shape, [CHANGES, width]), "basisScale");
  return {
    units: changes.units,
    limits: changes.limits,
    start: glb.halves(changes.start),
    width,
    basis: glb.bytes(changes.basis),
    scale: glb.floats(changes.basisScale),
  };
}

/** Rows of four, side by side. */
function beside(sets: Numbers[]): Numbers {
  if (sets.length === 1) return sets[0];
  const rows = new Float32Array(sets.length * sets[0].length);
  sets.forEach((numbers, number) => {
    for (let i = 0; i < numbers.length; i += 4) rows.set(numbers.subarray(i, i + 4), sets.length * i + 4 * number);
  });
  return rows;
}

function readSkeleton(glb: Glb): Skeleton {
  const { nodes, skins } = glb.document;
  const chosen = skins[0].joints;
  const parents = chosen.map((node) => chosen.findIndex((above) => nodes[above].children?.includes(node)));
  const places = new Float32Array(3 * chosen.length);
  chosen.forEach((node, joint) => {
    expect(parents[joint] < joint, "skeleton");
    for (let axis = 0; axis < 3; axis++) {
      const above = parents[joint] < 0 ? 0 : places[3 * parents[joint] + axis];
      places[3 * joint + axis] = nodes[node].translation[axis] + above;
    }
  });
  return { names: chosen.map((node) => nodes[node].name), parents, places };
}

function readClip(glb: Glb, clip: Extension["clips"][number], skeleton: Skeleton, expressions: number): Clip {
  const animation = glb.document.animations[clip.animation];
  const outputs = animation.channels.map((channel) => glb.accessor(animation.samplers[channel.sampler].output));
  const frames = clip.expression.shape[0];
  expect(outputs.length === skeleton.names.length + 1 && clip.expression.shape[1] === expressions, "clip");
  expect(outputs.every((numbers, i) => numbers.length === frames * (i < skeleton.names.length ? 4 : 3)), "clip");
  const root = outputs[outputs.length - 1].map((value, i) => value - skeleton.places[i % 3]);
  return {
    name: String(clip.name),
    fps: clip.fps,
    frames,
    expression: glb.floats(clip.expression),
    rotations: outputs.slice(0, -1),
    translation: root,
  };
}

function same(shape: number[], expected: number[]): boolean {
  return shape.length === expected.length && shape.every((n, i) => n === expected[i]);
}

function expect(holds: boolean, what: string): void {
  if (!holds) throw new FileError(`The package is damaged: ${what} does not fit the rest. Export it again.`);
}
