/** A checkpoint's folder name and what it says; `again` counts later savings of the same step. */
export interface CheckpointName {
  readonly name: string;
  readonly step: number;
  readonly again: number;
}

const pattern = /^step-(\d{8,16})(?:\.(\d{1,6}))?$/;

/** Newest first: by step, then by how often that step was saved. */
const newestFirst = (a: CheckpointName, b: CheckpointName): number => b.step - a.step || b.again - a.again;

/** The checkpoints among the names in a folder, newest first. */
export const checkpointNames = (names: readonly string[]): readonly CheckpointName[] =>
  names
    .flatMap((name) => {
      const match = pattern.exec(name);
      return match ? [{ name, step: Number(match[1]), again: Number(match[2] ?? 0) }] : [];
    })
    .sort(newestFirst);

/** The name of a step's next checkpoint: `step-00000040`, or `step-00000040.1` beside one that is there already. */
export const nextName = (step: number, existing: readonly CheckpointName[]): string => {
  const plain = `step-${String(step).padStart(8, "0")}`;
  const last = existing.find((other) => other.step === step);
  return last === undefined ? plain : `${plain}.${last.again + 1}`;
};

/** Names of folders that a killed writer leaves behind: never loaded, removed by the next save. */
export const temporary = ".tmp-";
export const trash = ".trash-";

/** Whether a name is one of a killed writer's leftovers. */
export const isLeftover = (name: string): boolean => name.startsWith(temporary) || name.startsWith(trash);

/** What checkpoints of later steps are renamed to once an earlier step was saved: kept, but not loaded. */
export const superseded = "superseded-";
