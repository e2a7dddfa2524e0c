import{o as n}from"/ui/assets/chunk-4QJ3AXJ7.js";var d=n(void 0);export{d as a};
