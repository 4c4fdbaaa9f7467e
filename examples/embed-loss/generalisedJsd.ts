import { openDevice } from "@msrl/core/session";
import { distillationGradient, generalisedJsd } from "@msrl/distill";

// Another program's numbers: one completion of two tokens over three words, flat [batch, time, vocabulary]; the second is padding.
const studentLogits = [0.2, 1.1, -0.4, 0, 0, 0];
const teacherLogits = [1.5, 0.3, -0.9, 0, 0, 0];
const mask = [1, 0];

const device = await openDevice();
const gradientOf = distillationGradient(generalisedJsd({ beta: 0.5, temperature: 2 }), device);
const arrays = { batch: 1, time: 2, vocabulary: 3, studentLogits, teacherLogits, mask };
const { loss, gradient, metrics } = await gradientOf(arrays);
console.log(JSON.stringify({ loss, gradient: Array.from(gradient), metrics }));
await device.close();
