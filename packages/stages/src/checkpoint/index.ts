export type { BadCheckpoint, Checkpoint, CheckpointError, Json, ReplayItem } from "./checkpoint.js";
export { type LoadedCheckpoint, type LoadOptions, loadCheckpoint, loadCheckpointTask } from "./loadCheckpoint.js";
export {
  defaultKeep,
  type SavedCheckpoint,
  type SaveOptions,
  saveCheckpoint,
  saveCheckpointTask,
} from "./saveCheckpoint.js";
