import{o as n}from"/ui/assets/chunk-MVBZB47C.js";var d=n(void 0);export{d as a};
