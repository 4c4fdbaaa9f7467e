// Property tests of two format rewards: node --conditions=msrl-source --import tsx examples/property-test-a-reward/main.ts
import { reports } from "./report.js";

for (const report of await reports()) console.log(`${report}\n`);
