import{o as n}from"/ui/assets/chunk-S44YAXL4.js";var d=n(void 0);export{d as a};
