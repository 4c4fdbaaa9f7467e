/** What a command is given of the process it runs in. */
export interface Shell {
  readonly arguments: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly folder: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  out(text: string): void;
  error(text: string): void;
  /** Resolves when somebody wants the command to end. */
  readonly interrupted: Promise<unknown>;
}

/** A command: a line about it, and what it does; its exit code. */
export interface Command {
  readonly about: string;
  run(shell: Shell): Promise<number>;
}
