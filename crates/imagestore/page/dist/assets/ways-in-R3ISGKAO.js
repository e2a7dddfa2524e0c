import{b as e,c as o,u as t}from"/ui/assets/chunk-KBUTN7LN.js";import"/ui/assets/chunk-4SNWI2WD.js";import"/ui/assets/chunk-7H4RHTPQ.js";export{o as collect,e as pasted,t as take};
