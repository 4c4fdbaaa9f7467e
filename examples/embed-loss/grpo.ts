import { grpo, tokenGradient } from "@msrl/core/losses";
import { openDevice } from "@msrl/core/session";

// Another program's numbers: two completions of three tokens, flat [batch, time]; the mask leaves padding out.
const logProbs = [-0.9, -0.4, -1.2, -0.3, -2.1, 0];
const oldLogProbs = [-1.0, -0.5, -1.2, -0.3, -1.7, 0];
const mask = [1, 1, 1, 1, 1, 0];
const advantages = [0.6, -0.6];

const device = await openDevice();
const gradientOf = await tokenGradient(grpo({ epsilonLow: 0.2, epsilonHigh: 0.28 }), device);
const { loss, gradient, metrics } = await gradientOf({ batch: 2, time: 3, logProbs, oldLogProbs, mask, advantages });
console.log(JSON.stringify({ loss, gradient: Array.from(gradient), metrics }));
await device.close();
