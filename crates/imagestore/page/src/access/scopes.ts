import type { Scope } from "../api";
import { text } from "./text";

/** What keys can allow, in the order of what they are given for. */
export const SCOPES: readonly { scope: Scope; name: () => string; hint: () => string }[] = [
  { scope: "read", name: text.read, hint: text.readHint },
  { scope: "write", name: text.write, hint: text.writeHint },
  { scope: "delete", name: text.delete, hint: text.deleteHint },
  { scope: "admin", name: text.admin, hint: text.adminHint },
  { scope: "service", name: text.service, hint: text.serviceHint },
];

export const sayScopes = (scopes: readonly Scope[]) => SCOPES.filter(({ scope }) => scopes.includes(scope)).map(({ name }) => name()).join(", ");
