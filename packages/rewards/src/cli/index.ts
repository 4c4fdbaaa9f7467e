export { main, type Shell } from "./main.js";
