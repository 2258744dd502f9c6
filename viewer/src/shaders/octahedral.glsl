// The octahedral maps of src/incarnate/light/octahedral.py, nine tiles in one texture: irradiance,
// then roughness from 0 to 1. Tile t stands at (t % 3, t / 3) · 65 and has sides[t] + 1 texels.
const int TILE = 65;
const int SIDES[9] = int[9](32, 64, 64, 64, 32, 32, 32, 32, 32);

vec3 directionFromSquare(vec2 square) {
  float y = 1.0 - abs(square.x) - abs(square.y);
  float fold = max(-y, 0.0);
  return normalize(vec3(square.x - (square.x < 0.0 ? -fold : fold), y,
                        square.y - (square.y < 0.0 ? -fold : fold)));
}

vec2 squareFromDirection(vec3 d) {
  d /= abs(d.x) + abs(d.y) + abs(d.z);
  if (d.y >= 0.0) return d.xz;
  return vec2(d.x < 0.0 ? abs(d.z) - 1.0 : 1.0 - abs(d.z), d.z < 0.0 ? abs(d.x) - 1.0 : 1.0 - abs(d.x));
}
