import type { ComponentType } from "preact";
import gallery from "icon:images";
import type { Shapes } from "../parts";
import type { Scope } from "../api";
import { text } from "./text";

export interface Route {
  /** As `match` of the router takes it; what it names is given to the view as props. */
  path: string;
  title: () => string;
  load: () => Promise<{ default: ComponentType<Record<string, string>> }>;
  /** Routes with an icon are in the navigation, in this order. */
  icon?: Shapes;
  /** A shorter name for the bar at the bottom of phones. */
  short?: () => string;
  /** What one must be allowed to see it in the navigation. */
  scope?: Scope;
  /** Shown without the navigation around it. */
  bare?: boolean;
}

export const routes: readonly Route[] = [
  { path: "/", title: text.gallery, icon: gallery, load: () => import("../gallery") },
  { path: "/ui/album/:id", title: text.album, load: () => import("../gallery") },
  { path: "/ui/image/:id", title: text.image, load: () => import("../detail") },
];
