// Faces, picture by picture, as the motion of an avatar: a second of rest first, then calmed by a filter.

import numbers from "../data/face_numbers.json";
import { calibrated, medianPose, type Stage, stageOf } from "./calibration";
import { type Face, type Numbers, poseOfFace, posesOfClip } from "./face_pose";
import type { FollowedPose } from "./following";
import { OneEuro } from "./one_euro";
import type { Package } from "./package";
import { type Quaternion, quaternionOf } from "./turning";

/** Seconds of holding still. */
const CALIBRATION = 1;
// Where pictures come slowly, it takes longer: fewer would let one bad one decide.
const FEWEST = 5;

type Shown = Omit<FollowedPose, "age">;

export class FaceMotion {
  private readonly stage: Stage;
  private readonly still: Numbers[] = [];
  private readonly filter = new OneEuro(numbers);
  private driver: Numbers | undefined;
  private first = 0;
  private last = -Infinity;

  constructor(private readonly avatar: Package) {
    this.stage = stageOf(avatar, avatar.clips.flatMap(posesOfClip));
  }

  /** The part of the calibration that is done. */
  get calibration(): number {
    if (this.driver) return 1;
    return Math.min((this.last - this.first) / CALIBRATION, this.still.length / FEWEST, 0.99);
  }

  /** The avatar's pose for a face at a time in seconds; none while the driver still has to hold still. */
  take(face: Face, time: number): Shown | undefined {
    if (time <= this.last) return undefined;
    const pose = poseOfFace(this.avatar, face);
    this.last = time;
    if (!this.driver) {
      if (!this.still.length) this.first = time;
      this.still.push(pose);
      if (time - this.first < CALIBRATION || this.still.length < FEWEST) return undefined;
      this.driver = medianPose(this.still);
    }
    return this.shown(this.calmed(calibrated(this.avatar, pose, this.driver, this.stage), time));
  }

  private calmed(pose: Numbers, time: number): Numbers {
    const { turns, expression, translation } = pose;
    // A tenth of a metre counts as much as a radian or a whole expression.
    const places = translation.map((value) => value / numbers.metresPerUnit);
    const row = this.filter.filter(Float64Array.from([...turns, ...expression, ...places]), time);
    return {
      turns: row.slice(0, turns.length),
      expression: row.slice(turns.length, turns.length + expression.length),
      translation: row.slice(-3).map((value) => value * numbers.metresPerUnit),
    };
  }

  private shown({ expression, turns, translation }: Numbers): Shown {
    const { expressions, skeleton } = this.avatar;
    const turn = (joint: number): Quaternion => quaternionOf([turns[3 * joint], turns[3 * joint + 1], turns[3 * joint + 2]]);
    return {
      expression: Object.fromEntries(expressions.map((name, i) => [name, expression[i]])),
      rotations: Object.fromEntries(skeleton.names.map((name, joint) => [name, turn(joint)])),
      translation: [translation[0], translation[1], translation[2]],
    };
  }
}
