// What esbuild's loaders make of files that are no TypeScript.
declare module "*.glsl" {
  const text: string;
  export default text;
}
declare module "*.hdr" {
  const bytes: Uint8Array<ArrayBuffer>;
  export default bytes;
}
declare module "*.bin" {
  const bytes: Uint8Array<ArrayBuffer>;
  export default bytes;
}
declare module "worker:*" {
  const code: string;
  export default code;
}
