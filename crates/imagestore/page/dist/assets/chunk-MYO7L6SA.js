import{o as n}from"/ui/assets/chunk-EZNFFH2W.js";var d=n(void 0);export{d as a};
