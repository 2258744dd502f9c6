// The camera: pinhole, OpenCV axes, matrices row-major as in Python.

import type { CameraFacts, Package } from "./package";
import { type Pose, poseAvatar } from "./rig";
import { Sorter, sortStart } from "./sorting";

export interface Camera {
  /** fx, fy, cx, cy in pixels of a picture of the given size. */
  pinhole: [number, number, number, number];
  /** Row-major 4 × 4. */
  cameraFromWorld: number[];
  width: number;
  height: number;
}

type Vector = [number, number, number];

export function cameraOf(facts: CameraFacts): Camera {
  const k = facts.intrinsics;
  return {
    pinhole: [k[0], k[4], k[2], k[5]],
    cameraFromWorld: facts.cameraFromWorld,
    width: facts.width,
    height: facts.height,
  };
}

// How much more of a body's picture there is than body, and how far it stands above the middle, as a
// share of the picture's height: the playback bar lies over its foot.
const AROUND = 1.28;
const RAISED = 0.06;

function lookAt(eye: Vector, target: Vector): number[] {
  const forward = unit([target[0] - eye[0], target[1] - eye[1], target[2] - eye[2]]);
  const right = unit(cross(forward, [0, 1, 0]));
  const down = cross(forward, right);
  const rows = [right, down, forward];
  return [...rows.flatMap((row) => [...row, -(row[0] * eye[0] + row[1] * eye[1] + row[2] * eye[2])]), 0, 0, 0, 1];
}

function cross(a: Vector, b: Vector): Vector {
  return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
}

function unit(v: Vector): Vector {
  const length = Math.hypot(...v);
  return [v[0] / length, v[1] / length, v[2] / length];
}

interface Place {
  azimuth: number;
  elevation: number;
  distance: number;
  target: Vector;
}

/** A camera that goes around a point. */
export class Orbit {
  azimuth: number;
  elevation: number;
  distance: number;
  target: Vector;
  private shift: Vector = [0, 0, 0];

  private constructor(
    private readonly home: Place,
    private readonly tangent: number,
    /** Where the root was when the camera chose its place; undefined where it stays there. */
    private readonly root?: ArrayLike<number>,
  ) {
    this.azimuth = home.azimuth;
    this.elevation = home.elevation;
    this.distance = home.distance;
    this.target = [...home.target];
  }

  /** Starts where the capture's camera stood. */
  static ofHead(avatar: Package): Orbit {
    const m = avatar.camera.cameraFromWorld;
    const eye: Vector = [0, 1, 2].map((c) => -(m[c] * m[3] + m[4 + c] * m[7] + m[8 + c] * m[11])) as Vector;
    const center = [0, 1, 2].map((axis) => quantile(avatar.splats.means, axis, 0.5));
    // The point ahead of the camera that is nearest to the head's middle.
    const forward: Vector = [m[8], m[9], m[10]];
    const depth = [0, 1, 2].reduce((sum, i) => sum + forward[i] * (center[i] - eye[i]), 0);
    const distance = Math.max(depth, 0.1);
    const target = [0, 1, 2].map((i) => eye[i] + forward[i] * distance) as Vector;
    const away = unit([eye[0] - target[0], eye[1] - target[1], eye[2] - target[2]]);
    const place = { azimuth: Math.atan2(away[0], away[2]), elevation: Math.asin(away[1]), distance, target };
    return new Orbit(place, tangentOf(avatar));
  }

  /** Before a body in a pose, all of it in the picture; follows where it goes. */
  static ofBody(avatar: Package, pose: Pose): Orbit {
    const { coefficients, transforms } = poseAvatar(avatar, pose);
    const places = new Sorter(sortStart(avatar));
    places.pose(coefficients, transforms);
    // A few stray splats are no part of its outline.
    const [low, high] = [0.002, 0.998].map((part) => [0, 1, 2].map((axis) => quantile(places.world, axis, part)));
    const size = [0, 1, 2].map((axis) => high[axis] - low[axis]);
    const target = [0, 1, 2].map((axis) => (low[axis] + high[axis]) / 2) as Vector;
    const tangent = tangentOf(avatar);
    const reach = Math.hypot(size[0], size[2]) / 2;
    const distance = (AROUND * Math.max(size[1] / 2, reach)) / tangent + reach;
    target[1] -= RAISED * 2 * tangent * distance;
    // The root's third column is where its front looks.
    const azimuth = Math.atan2(transforms[8], transforms[10]);
    return new Orbit({ azimuth, elevation: 0.06, distance, target }, tangent, pose.translation.slice());
  }

  /** Go along with the root, over the ground; jumps are seen as such. */
  follow(root: ArrayLike<number>): void {
    if (this.root) this.shift = [root[0] - this.root[0], 0, root[2] - this.root[2]];
  }

  reset(): void {
    Object.assign(this, this.home, { target: [...this.home.target] });
  }

  turn(right: number, up: number): void {
    this.azimuth += right;
    this.elevation = Math.max(-1.4, Math.min(1.4, this.elevation + up));
  }

  zoom(factor: number): void {
    this.distance = Math.max(0.15, Math.min(12, this.distance * factor));
  }

  /** Move the target in the plane of the picture, by shares of its height. */
  pan(right: number, up: number): void {
    const m = this.view();
    const size = 2 * this.tangent * this.distance;
    this.target = [0, 1, 2].map((i) => this.target[i] + size * (right * m[i] - up * m[4 + i])) as Vector;
  }

  private view(): number[] {
    const e = Math.cos(this.elevation);
    const away = [e * Math.sin(this.azimuth), Math.sin(this.elevation), e * Math.cos(this.azimuth)];
    const target = this.target.map((t, i) => t + this.shift[i]) as Vector;
    return lookAt(target.map((t, i) => t + this.distance * away[i]) as Vector, target);
  }

  /** The camera for a picture; where it is narrow, its width shows what its height would. */
  camera(width: number, height: number): Camera {
    const focal = Math.min(width, height) / (2 * this.tangent);
    return { pinhole: [focal, focal, width / 2, height / 2], cameraFromWorld: this.view(), width, height };
  }
}

function tangentOf(avatar: Package): number {
  return (0.5 * avatar.camera.height) / avatar.camera.intrinsics[4];
}

/** Below which value a share of the places lie along an axis. */
function quantile(places: Float32Array, axis: number, part: number): number {
  const values = Float32Array.from({ length: places.length / 3 }, (_, i) => places[3 * i + axis]).sort();
  return values[Math.floor(part * (values.length - 1))];
}
