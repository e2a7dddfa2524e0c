import type { ComponentType } from "preact";
import compareIcon from "icon:blend";
import gallery from "icon:images";
import transformIcon from "icon:sliders-horizontal";
import jobs from "icon:list-checks";
import keys from "icon:key-round";
import system from "icon:activity";
import upload from "icon:upload";
import users from "icon:users";
import type { Shapes } from "../parts";
import type { Scope } from "../api";
import { uploading } from "../parts/under-way";
import { format } from "../text";
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
  /** The path of the route that is marked in the navigation while this one is shown. */
  within?: string;
  /** What one must be allowed to see it in the navigation. */
  scope?: Scope;
  /** In the navigation only where the service asks for keys. */
  keysOnly?: boolean;
  /** What is to be known of it in the navigation while one is elsewhere. */
  note?: () => string | undefined;
  /** Shown without the navigation around it. */
  bare?: boolean;
}

const sayUploading = () => (uploading.value === undefined ? undefined : format.percent(uploading.value));

export const routes: readonly Route[] = [
  { path: "/", title: text.gallery, icon: gallery, load: () => import("../gallery") },
  { path: "/ui/album/:id", within: "/", title: text.album, load: () => import("../gallery") },
  { path: "/ui/image/:id", within: "/", title: text.image, load: () => import("../detail") },
  { path: "/ui/upload", title: text.upload, icon: upload, scope: "write", note: sayUploading, load: () => import("../upload") },
  { path: "/ui/transform", title: text.transform, short: text.transformShort, icon: transformIcon, scope: "read", load: () => import("../workbench") },
  { path: "/ui/transform/:id", within: "/ui/transform", title: text.transform, load: () => import("../workbench") },
  { path: "/ui/compare", title: text.compare, icon: compareIcon, scope: "read", load: () => import("../compare") },
  { path: "/ui/compare/:id", within: "/ui/compare", title: text.compare, load: () => import("../compare") },
  { path: "/ui/jobs", title: text.jobs, icon: jobs, scope: "read", load: () => import("../jobs") },
  { path: "/ui/system", title: text.system, icon: system, scope: "read", load: () => import("../system") },
  { path: "/ui/users", title: text.users, icon: users, scope: "admin", keysOnly: true, load: () => import("../access/users") },
  { path: "/ui/keys", title: text.keys, icon: keys, scope: "admin", keysOnly: true, load: () => import("../access/keys") },
  { path: "/ui/sign-in", title: text.signIn, bare: true, load: () => import("../session") },
];
