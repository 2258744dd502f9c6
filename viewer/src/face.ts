// What the sliders do to a pose: of a face, and of the head on a body.

import type { Clip, Package } from "./package";
import { type FollowedPose, poseOfFollowed } from "./following";
import { type Pose, poseOfClip, startPose, turnJoint } from "./rig";

/** One slider. */
export interface Control {
  key: string;
  label: string;
  low: number;
  high: number;
  /** Degrees are shown as such. */
  isAngle: boolean;
}

export interface ControlGroup {
  title: string;
  controls: Control[];
  isFolded: boolean;
}

/** Values of the sliders by key; what is missing is zero. */
export type Values = Record<string, number>;

const EXPRESSIONS: Record<string, string[]> = {
  Smile: ["mouthSmileLeft", "mouthSmileRight"],
  "Blink left": ["eyeBlinkLeft"],
  "Blink right": ["eyeBlinkRight"],
  "Brows up": ["browInnerUp", "browOuterUpLeft", "browOuterUpRight"],
  "Brows down": ["browDownLeft", "browDownRight"],
  Squint: ["eyeSquintLeft", "eyeSquintRight", "cheekSquintLeft", "cheekSquintRight"],
  Pucker: ["mouthPucker"],
  Funnel: ["mouthFunnel"],
  Frown: ["mouthFrownLeft", "mouthFrownRight"],
  "Upper lip": ["mouthUpperUpLeft", "mouthUpperUpRight"],
  "Lower lip": ["mouthLowerDownLeft", "mouthLowerDownRight"],
};
const RADIANS = Math.PI / 180;
// Rotations in rest axes: y up, x to the subject's left, so that x nods and opens the jaw.
const ANGLES: { key: string; label: string; joints: string[]; axis: number; low: number; high: number }[] = [
  { key: "jaw", label: "Jaw", joints: ["jaw"], axis: 0, low: 0, high: 22 },
  { key: "gazeAcross", label: "Gaze across", joints: ["left_eye_smplhf", "right_eye_smplhf"], axis: 1, low: -25, high: 25 },
  { key: "gazeDown", label: "Gaze down", joints: ["left_eye_smplhf", "right_eye_smplhf"], axis: 0, low: -20, high: 20 },
  { key: "turn", label: "Turn", joints: ["head"], axis: 1, low: -35, high: 35 },
  { key: "nod", label: "Nod", joints: ["head"], axis: 0, low: -25, high: 25 },
  { key: "tilt", label: "Tilt", joints: ["head"], axis: 2, low: -25, high: 25 },
  { key: "neck", label: "Neck", joints: ["neck"], axis: 1, low: -20, high: 20 },
];
/** Sliders of a body: what has no clothes on. */
const BODY_ANGLES = ["turn", "nod", "tilt", "neck"];

/** The sliders that an avatar has a use for. */
export function controlsOf(avatar: Package): ControlGroup[] {
  if (avatar.kind === "body") {
    // A body's expressions are what its clips make of its clothes, and mean nothing one by one.
    const controls = anglesOf(avatar).filter(({ key }) => BODY_ANGLES.includes(key));
    return controls.length ? [{ title: "Head", controls, isFolded: false }] : [];
  }
  const has = (names: string[]): boolean => names.some((name) => avatar.expressions.includes(name));
  const angles = anglesOf(avatar);
  const faces = Object.keys(EXPRESSIONS)
    .filter((label) => has(EXPRESSIONS[label]))
    .map((label) => ({ key: `face:${label}`, label, low: 0, high: 1, isAngle: false }));
  const all = avatar.expressions.map((name) => ({ key: `raw:${name}`, label: name, low: -1, high: 1, isAngle: false }));
  const jaw = angles.filter(({ key }) => key === "jaw");
  const groups = [
    { title: "Face", controls: [...jaw, ...(faces.length ? faces : all.slice(0, 8))], isFolded: false },
    { title: "Gaze and head", controls: angles.filter(({ key }) => key !== "jaw"), isFolded: false },
    { title: `All ${all.length} expressions`, controls: all, isFolded: true },
  ];
  return groups.filter(({ controls }) => controls.length > 0);
}

function anglesOf(avatar: Package): Control[] {
  const isThere = (name: string): boolean => avatar.skeleton.names.includes(name);
  return ANGLES.filter(({ joints }) => joints.some(isThere)).map(({ key, label, low, high }) => ({
    key,
    label,
    low,
    high,
    isAngle: true,
  }));
}

/** A pose that is followed, that of a clip's moment, or a face or body at rest, with the sliders added. */
export function composePose(
  avatar: Package,
  clip: Clip | undefined,
  moment: number | undefined,
  values: Values,
  followed?: FollowedPose,
): Pose {
  const pose = followed
    ? poseOfFollowed(avatar, clip, followed)
    : clip && moment !== undefined ? poseOfClip(clip, moment) : startPose(avatar, clip);
  if (avatar.kind === "head") addExpressions(avatar, pose, values);
  for (const { key, joints, axis } of ANGLES) {
    const angle = (values[key] ?? 0) * RADIANS;
    if (angle === 0) continue;
    for (const name of joints) {
      const joint = avatar.skeleton.names.indexOf(name);
      if (joint >= 0) turnJoint(pose, joint, [0, 1, 2].map((i) => (i === axis ? angle : 0)));
    }
  }
  return pose;
}

function addExpressions(avatar: Package, pose: Pose, values: Values): void {
  for (const [label, names] of Object.entries(EXPRESSIONS)) {
    for (const name of names) addExpression(avatar, pose, name, values[`face:${label}`] ?? 0);
  }
  avatar.expressions.forEach((name) => addExpression(avatar, pose, name, values[`raw:${name}`] ?? 0));
}

function addExpression(avatar: Package, pose: Pose, name: string, value: number): void {
  const index = avatar.expressions.indexOf(name);
  if (index < 0 || value === 0) return;
  pose.expression[index] = Math.max(-1, Math.min(1.2, pose.expression[index] + value));
}
