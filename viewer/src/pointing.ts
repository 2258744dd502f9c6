// Mouse, touch and wheel on the canvas: one finger goes around, two pinch and move.

import type { Orbit } from "./camera";

export function listenToPointers(canvas: HTMLCanvasElement, orbit: () => Orbit | undefined, moved: () => void): void {
  const fingers = new Map<number, { x: number; y: number }>();

  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
  });
  for (const end of ["pointerup", "pointercancel"] as const) {
    canvas.addEventListener(end, (event) => fingers.delete(event.pointerId));
  }
  canvas.addEventListener("contextmenu", (event) => event.preventDefault());

  canvas.addEventListener("pointermove", (event) => {
    const finger = fingers.get(event.pointerId);
    const camera = orbit();
    if (!finger || !camera) return;
    const [dx, dy] = [event.clientX - finger.x, event.clientY - finger.y];
    const size = canvas.clientHeight;
    if (fingers.size === 2) {
      const before = spread(fingers);
      Object.assign(finger, { x: event.clientX, y: event.clientY });
      camera.zoom(before / Math.max(spread(fingers), 1));
      camera.pan((-0.5 * dx) / size, (0.5 * dy) / size);
    } else if (fingers.size === 1) {
      if (event.shiftKey || event.buttons & 6) camera.pan(-dx / size, dy / size);
      else camera.turn((-3 * dx) / size, (3 * dy) / size);
      Object.assign(finger, { x: event.clientX, y: event.clientY });
    }
    moved();
  });

  canvas.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      orbit()?.zoom(Math.exp(event.deltaY * (event.deltaMode ? 0.03 : 0.001)));
      moved();
    },
    { passive: false },
  );
}

function spread(fingers: Map<number, { x: number; y: number }>): number {
  const [a, b] = [...fingers.values()];
  return Math.hypot(a.x - b.x, a.y - b.y);
}
