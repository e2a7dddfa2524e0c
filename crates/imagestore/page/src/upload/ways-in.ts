// For the shell, which hears of what is dropped and pasted anywhere on the page.
export { collect, pasted } from "./intake";
export { take } from "./take";
