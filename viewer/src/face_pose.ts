// From a face that was found in a picture to the avatar's pose; the rules are those of incarnate.drive.retargeting.

import numbers from "../data/face_numbers.json";
import type { Clip, Package } from "./package";
import { axisAngleOf, turnBetween, type Vector } from "./turning";

/** A face in a picture, as the worker finds it. */
export interface Face {
  /** [478][3], pixels from the left and from the top; depth in the same unit, negative towards the camera. */
  points: Float64Array;
  /** MediaPipe's scores, by ARKit's names. */
  scores: Readonly<Record<string, number>>;
}

/** A pose as numbers of which each can be averaged and filtered. */
export interface Numbers {
  expression: Float64Array;
  /** [J][3], axis-angle, radians; joint 0 in world axes. */
  turns: Float64Array;
  /** Of the root from its rest place, metres. */
  translation: Float64Array;
}

const EYES = { Left: ["left_eye_smplhf", "left_eye"], Right: ["right_eye_smplhf", "right_eye"] };
const look = numbers.eyeLookRadians;

/** The pose of an avatar that does what a face does. */
export function poseOfFace(avatar: Package, face: Face): Numbers {
  const score = (name: string): number => Math.max(0, Math.min(1, face.scores[name] ?? 0));
  const { names } = avatar.skeleton;
  const pose: Numbers = {
    expression: Float64Array.from(avatar.expressions, score),
    turns: new Float64Array(3 * names.length),
    translation: new Float64Array(3),
  };
  const turn = (joints: string[], [x, y, z]: Vector, share = 1): void => {
    const name = joints.find((joint) => names.includes(joint));
    if (name !== undefined) pose.turns.set([share * x, share * y, share * z], 3 * names.indexOf(name));
  };
  const head = headTurn(face.points);
  if (names.includes("neck") && names.includes("head")) {
    turn(["neck"], head, numbers.neckShare);
    turn(["head"], head, 1 - numbers.neckShare);
  } else {
    turn(["head", "neck", names[0]], head);
  }
  for (const side of ["Left", "Right"] as const) {
    const outward = side === "Left" ? 1 : -1;
    const down = look.Down * score(`eyeLookDown${side}`) - look.Up * score(`eyeLookUp${side}`);
    const out = look.Out * score(`eyeLookOut${side}`) - look.In * score(`eyeLookIn${side}`);
    turn(EYES[side], [down, outward * out, 0]);
  }
  if (!avatar.expressions.includes("jawOpen")) turn(["jaw"], [numbers.jawOpenRadians * score("jawOpen"), 0, 0]);
  limitMouthClose(avatar, pose);
  return pose;
}

/** The turn of a head: what best takes the upper face at rest to that in the picture. */
export function headTurn(points: Float64Array): Vector {
  // The picture has y down and depth away from the camera, which the subject faces.
  const seen = numbers.headPoints.flatMap((i) => [points[3 * i], -points[3 * i + 1], -points[3 * i + 2]]);
  return axisAngleOf(turnBetween(numbers.headPlaces, seen));
}

/** How far the jaw is open, in units of jawOpen; undefined where the avatar can't tell. */
export function jawOpening(avatar: Package, pose: Numbers): number | undefined {
  const index = avatar.expressions.indexOf("jawOpen");
  if (index >= 0) return pose.expression[index];
  const jaw = avatar.skeleton.names.indexOf("jaw");
  return jaw < 0 ? undefined : pose.turns[3 * jaw] / numbers.jawOpenRadians;
}

/** Lips close no further than the jaw is open, and by how much more is granted: else one goes through the other. */
export function limitMouthClose(avatar: Package, pose: Numbers, slack = 0): void {
  const opening = jawOpening(avatar, pose);
  const index = avatar.expressions.indexOf("mouthClose");
  if (opening === undefined || index < 0) return;
  pose.expression[index] = Math.min(pose.expression[index], Math.max(0, opening) + slack);
}

/** The poses of a clip, frame by frame. */
export function posesOfClip(clip: Clip): Numbers[] {
  const width = clip.expression.length / clip.frames;
  return Array.from({ length: clip.frames }, (_, frame) => ({
    expression: Float64Array.from(clip.expression.subarray(frame * width, (frame + 1) * width)),
    turns: Float64Array.from(
      clip.rotations.flatMap((track) => [...axisAngleOf(track.subarray(4 * frame, 4 * frame + 4))]),
    ),
    translation: Float64Array.from(clip.translation.subarray(3 * frame, 3 * frame + 3)),
  }));
}
