export type { ImagesUnavailable, LoadImage, SaveImage } from "./images.js";
export {
  type ReadSamplesOptions,
  readSamples,
  readSamplesTask,
  type SampleProblem,
  type SamplesError,
  type SamplesRead,
} from "./readSamples.js";
export { sharpImages } from "./sharpImages.js";
export {
  type SamplesWritten,
  type WriteSamplesError,
  type WriteSamplesOptions,
  writeSamples,
  writeSamplesTask,
} from "./writeSamples.js";
