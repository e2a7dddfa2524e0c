import{o as n}from"/ui/assets/chunk-7H4RHTPQ.js";var d=n(void 0);export{d as a};
