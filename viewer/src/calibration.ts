// The driver's motion from the avatar's own rest on; the rules are those of incarnate.drive.calibration.

import numbers from "../data/face_numbers.json";
import { jawOpening, limitMouthClose, type Numbers } from "./face_pose";
import type { Package } from "./package";
import { turnedSince, type Vector } from "./turning";

/** What is known of the avatar's own motion. */
export interface Stage {
  /** The avatar's person at rest. */
  neutral: Numbers;
  /** Expressions are known to look right from here … */
  low: Float64Array;
  /** … to here. */
  high: Float64Array;
  /** How much further than the jaw is open the lips were seen to close. */
  slack: number;
}

/** Learn from the avatar's own poses; an avatar without any starts at rest. */
export function stageOf(avatar: Package, poses: Numbers[]): Stage {
  const shown = poses.length ? poses : [restOf(avatar)];
  const column = (i: number): number[] => shown.map(({ expression }) => expression[i]);
  const closing = avatar.expressions.indexOf("mouthClose");
  const slacks = shown.map((pose) => pose.expression[closing] - Math.max(0, jawOpening(avatar, pose) ?? Infinity));
  return {
    neutral: neutralOf(avatar, shown),
    low: Float64Array.from(avatar.expressions, (_, i) => Math.min(0, ...column(i))),
    high: Float64Array.from(avatar.expressions, (_, i) => Math.max(1, ...column(i))),
    slack: closing < 0 ? 0 : Math.max(0, ...slacks),
  };
}

/** The driver's pose relative to their rest, from the avatar's on. */
export function calibrated(avatar: Package, pose: Numbers, driver: Numbers, stage: Stage): Numbers {
  const { neutral, low, high } = stage;
  const turns = new Float64Array(pose.turns.length);
  const vector = (of: Numbers, at: number): Vector => [of.turns[at], of.turns[at + 1], of.turns[at + 2]];
  for (let at = 0; at < turns.length; at += 3) {
    turns.set(turnedSince(vector(pose, at), vector(driver, at), vector(neutral, at)), at);
  }
  const moved: Numbers = {
    expression: pose.expression.map((value, i) =>
      softLimited(neutral.expression[i] + value - driver.expression[i], low[i], high[i]),
    ),
    turns,
    translation: pose.translation.map((value, i) => neutral.translation[i] + value - driver.translation[i]),
  };
  limitMouthClose(avatar, moved, stage.slack);
  return moved;
}

/** The median of every number of some poses. */
export function medianPose(poses: Numbers[]): Numbers {
  const over = (part: keyof Numbers): Float64Array => poses[0][part].map((_, i) => median(poses.map((pose) => pose[part][i])));
  return { expression: over("expression"), turns: over("turns"), translation: over("translation") };
}

/** A person at rest: the face of their calm frames, head and gaze where they mostly are. */
function neutralOf(avatar: Package, poses: Numbers[]): Numbers {
  const neutral = medianPose(poses);
  const face = medianPose(calmest(avatar, poses));
  const jaw = avatar.skeleton.names.indexOf("jaw");
  if (jaw >= 0) neutral.turns.set(face.turns.subarray(3 * jaw, 3 * jaw + 3), 3 * jaw);
  neutral.expression = neutral.expression.map((value, i) => (isGaze(avatar.expressions[i]) ? value : face.expression[i]));
  return neutral;
}

function calmest(avatar: Package, poses: Numbers[]): Numbers[] {
  const hasJaw = !avatar.expressions.includes("jawOpen");
  const effort = (pose: Numbers): number =>
    pose.expression.reduce((sum, value, i) => sum + (isGaze(avatar.expressions[i]) ? 0 : value), 0) +
    (hasJaw ? (jawOpening(avatar, pose) ?? 0) : 0);
  const ranked = poses.map((pose) => ({ pose, effort: effort(pose) })).sort((a, b) => a.effort - b.effort);
  const count = Math.max(numbers.minCalmFrames, roundHalfEven(numbers.calmShare * poses.length));
  return ranked.slice(0, count).map(({ pose }) => pose);
}

/** As it is from low to high; beyond, it levels off by a small margin. */
function softLimited(value: number, low: number, high: number): number {
  const inside = Math.max(low, Math.min(high, value));
  return inside + numbers.softMargin * Math.tanh((value - inside) / numbers.softMargin);
}

/** As Python rounds, so that both take the same frames. */
function roundHalfEven(value: number): number {
  const up = Math.round(value);
  return up - value === 0.5 && up % 2 ? up - 1 : up;
}

/** The lower of the two in the middle, where there are two, as torch has it. */
function median(values: number[]): number {
  return values.sort((a, b) => a - b)[Math.floor((values.length - 1) / 2)];
}

function isGaze(name: string): boolean {
  return name.startsWith("eyeLook");
}

function restOf(avatar: Package): Numbers {
  return {
    expression: new Float64Array(avatar.expressions.length),
    turns: new Float64Array(3 * avatar.skeleton.names.length),
    translation: new Float64Array(3),
  };
}
