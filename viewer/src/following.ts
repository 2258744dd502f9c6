// Someone's motion as it happens: what a source of it offers, and the one that drives the avatar.

import type { Clip, Package } from "./package";
import { mixPoses, type Pose, startPose } from "./rig";

/** The avatar's pose, in the package's own names. */
export interface FollowedPose {
  /** Coefficients by name, eyelids among them; zero where a name is missing. */
  readonly expression: Readonly<Record<string, number>>;
  /** xyzw by the joint's name, about the rest joint in rest axes; a joint whose name is missing rests. */
  readonly rotations: Readonly<Record<string, readonly [number, number, number, number]>>;
  /** Of the root from its rest place, metres; where the clip begins, if left out. */
  readonly translation?: readonly [number, number, number];
  /** Milliseconds since the motion arrived, or since the camera's picture was there, when handed over. */
  readonly age: number;
}

/** Only in `following` the avatar shows what comes; in all others, its clip. */
export type Phase = "waiting" | "calibrating" | "following" | "lost" | "ended" | "failed";

/** A source of motion: it is offered in the panel, started and stopped there. */
export interface Follower {
  /** What the button says. */
  readonly name: string;
  /** Begin; resolves once it runs. A rejection's message is shown as a failure. May be called again after `stop`. */
  start(
    avatar: Package,
    onPose: (pose: FollowedPose) => void,
    onState: (phase: Phase, text: string) => void,
  ): Promise<void>;
  stop(): void;
}

/** A pose of the avatar that follows: what was not sent is as the clip begins, or at rest. */
export function poseOfFollowed(avatar: Package, clip: Clip | undefined, followed: FollowedPose): Pose {
  const pose = startPose(avatar, clip);
  avatar.expressions.forEach((name, i) => (pose.expression[i] = followed.expression[name] ?? 0));
  avatar.skeleton.names.forEach((name, joint) => {
    const turn = followed.rotations[name];
    if (turn) pose.rotations.set(turn, 4 * joint);
  });
  if (followed.translation) pose.translation.set(followed.translation);
  return pose;
}

const CHANGE_SECONDS = 0.3;

/** Goes over from the clip to what is followed, and back, without a jump. */
export class Transition {
  private last: { pose: Pose; isFollowed: boolean } | undefined;
  private change: { from: Pose; begun: number } | undefined;

  /** Whether there is more of it to see. */
  get isRunning(): boolean {
    return this.change !== undefined;
  }

  /** Another avatar begins. */
  forget(): void {
    this.last = this.change = undefined;
  }

  /** The pose to show at a time, in seconds; the target itself, once it is reached. */
  pose(target: Pose, isFollowed: boolean, now: number): Pose {
    if (this.last && this.last.isFollowed !== isFollowed) this.change = { from: this.last.pose, begun: now };
    const part = this.change ? (now - this.change.begun) / CHANGE_SECONDS : 1;
    if (part >= 1) this.change = undefined;
    const pose = this.change ? mixPoses(this.change.from, target, part * part * (3 - 2 * part)) : target;
    this.last = { pose, isFollowed };
    return pose;
  }
}

const WINDOW = 60;

/** The followers that are offered, and the one that runs. */
export class Live {
  readonly offered: Follower[] = [];
  running: Follower | undefined;
  phase: Phase = "ended";
  text = "";
  private newest: { pose: FollowedPose; taken: number } | undefined;
  private wasDrawn = true;
  private readonly ages: number[] = [];

  /**
   * @param changed - Told when the avatar should be drawn anew, or the words about it.
   * @param listed - Told when another follower is offered.
   */
  constructor(
    private readonly changed: () => void,
    private readonly listed: () => void,
  ) {}

  offer(follower: Follower): void {
    this.offered.push(follower);
    this.listed();
  }

  /** The pose to show; none unless a follower is at work. The same object while nothing new has come. */
  get pose(): FollowedPose | undefined {
    return this.phase === "following" ? this.newest?.pose : undefined;
  }

  /** Start one; or stop it, if it runs. */
  toggle(follower: Follower, avatar: Package): void {
    const wasRunning = this.running === follower;
    this.stop();
    if (wasRunning) return;
    this.running = follower;
    this.tell("waiting", "");
    const isCurrent = (): boolean => this.running === follower;
    follower
      .start(
        avatar,
        (pose) => isCurrent() && this.take(pose),
        (phase, text) => isCurrent() && this.tell(phase, text),
      )
      .catch((problem: Error) => isCurrent() && this.tell("failed", problem.message));
  }

  stop(): void {
    this.running?.stop();
    this.running = this.newest = undefined;
    this.ages.length = 0;
    this.tell("ended", "");
  }

  /** Called when a picture of the newest pose has been drawn. */
  drawn(): void {
    if (this.wasDrawn || !this.newest) return;
    this.wasDrawn = true;
    this.ages.push(this.newest.pose.age + performance.now() - this.newest.taken);
    if (this.ages.length > WINDOW) this.ages.shift();
  }

  /** How old motion was when it was drawn, milliseconds: the median of the last ones. */
  get latency(): number | undefined {
    const sorted = [...this.ages].sort((a, b) => a - b);
    return sorted[Math.floor(sorted.length / 2)];
  }

  private take(pose: FollowedPose): void {
    this.newest = { pose, taken: performance.now() };
    this.wasDrawn = false;
    this.changed();
  }

  private tell(phase: Phase, text: string): void {
    this.phase = phase;
    this.text = text;
    this.changed();
  }
}
