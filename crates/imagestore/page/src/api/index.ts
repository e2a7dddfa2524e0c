export * from "./albums";
export * from "./documents";
export * from "./events";
export { address, get, ownHeaders, patch, post, put, remove, send, type Options, type Query } from "./http";
export * from "./images";
export * from "./jobs";
export { Problem } from "./problem";
export * from "./session";
export * from "./variants";
