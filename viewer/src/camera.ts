// The camera: pinhole, OpenCV axes, matrices row-major as in Python.

import type { CameraFacts, Package } from "./package";

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

/** A camera that goes around a point. */
export class Orbit {
  azimuth = 0;
  elevation = 0;
  distance = 1;
  target: Vector = [0, 0, 0];
  private readonly home: { azimuth: number; elevation: number; distance: number; target: Vector };
  private readonly tangent: number;

  /** Starts where the capture's camera stood. */
  constructor(avatar: Package) {
    const facts = avatar.camera;
    const m = facts.cameraFromWorld;
    const eye: Vector = [0, 1, 2].map((c) => -(m[c] * m[3] + m[4 + c] * m[7] + m[8 + c] * m[11])) as Vector;
    this.tangent = (0.5 * facts.height) / facts.intrinsics[4];
    const center = centerOf(avatar);
    // The point ahead of the camera that is nearest to the head's middle.
    const forward: Vector = [m[8], m[9], m[10]];
    const depth = [0, 1, 2].reduce((sum, i) => sum + forward[i] * (center[i] - eye[i]), 0);
    this.distance = Math.max(depth, 0.1);
    this.target = [0, 1, 2].map((i) => eye[i] + forward[i] * this.distance) as Vector;
    const away = unit([eye[0] - this.target[0], eye[1] - this.target[1], eye[2] - this.target[2]]);
    this.azimuth = Math.atan2(away[0], away[2]);
    this.elevation = Math.asin(away[1]);
    const { azimuth, elevation, distance, target } = this;
    this.home = { azimuth, elevation, distance, target };
  }

  reset(): void {
    Object.assign(this, this.home, { target: [...this.home.target] });
  }

  turn(right: number, up: number): void {
    this.azimuth += right;
    this.elevation = Math.max(-1.4, Math.min(1.4, this.elevation + up));
  }

  zoom(factor: number): void {
    this.distance = Math.max(0.15, Math.min(8, this.distance * factor));
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
    return lookAt(this.target.map((t, i) => t + this.distance * away[i]) as Vector, this.target);
  }

  /** The camera for a picture; where it is narrow, its width shows what its height would. */
  camera(width: number, height: number): Camera {
    const focal = Math.min(width, height) / (2 * this.tangent);
    return { pinhole: [focal, focal, width / 2, height / 2], cameraFromWorld: this.view(), width, height };
  }
}

function centerOf(avatar: Package): Vector {
  const { means } = avatar.splats;
  const middle = (axis: number): number => {
    const values = Float32Array.from({ length: avatar.count }, (_, i) => means[3 * i + axis]).sort();
    return values[Math.floor(values.length / 2)];
  };
  return [middle(0), middle(1), middle(2)];
}
