/** One number shared with a worker: 0 while it is idle, 1 while ONNX Runtime works, 2 when no more work may start. */
export interface Gate {
  readonly shared: Int32Array;
  /** Waits, blocking this thread, until the work in hand is done, and lets no other start. */
  shut(): void;
}

/**
 * The gate between a worker and the end of the process.
 *
 * `process.exit` stops workers, and a worker stopped inside ONNX Runtime takes the process down with an abort as soon
 * as the run returns (Napi::Error, exit code 134). The run cannot be cut short; so whoever ends the process waits for it.
 */
export const openGate = (): Gate => {
  const shared = new Int32Array(new SharedArrayBuffer(4));
  return {
    shared,
    shut: () => {
      while (Atomics.compareExchange(shared, 0, 0, 2) === 1) Atomics.wait(shared, 0, 1);
    },
  };
};
