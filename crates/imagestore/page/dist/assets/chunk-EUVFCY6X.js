import{o as n}from"/ui/assets/chunk-FB2HELHZ.js";var d=n(void 0);export{d as a};
