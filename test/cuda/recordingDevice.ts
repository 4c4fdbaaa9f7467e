import type { Model } from "@msrl/core/graph";
import type { Device } from "@msrl/core/session";

/** A device that keeps every model it is given, under another name if wanted: graphs may depend on the device's. */
export const recordingDevice = (device: Device, name = device.name) => {
  const models: Model[] = [];
  const recording: Device = {
    ...device,
    name,
    compile: (model, options) => {
      models.push(model);
      return device.compile(model, options);
    },
  };
  return { device: recording, models };
};
