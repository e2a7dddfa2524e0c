declare module "icon:*" {
  /** The shapes of an icon: names of SVG elements with their attributes. */
  const shapes: readonly (readonly [string, Readonly<Record<string, string>>])[];
  export default shapes;
}

declare module "*.svg" {
  const address: string;
  export default address;
}
