import { expect, it } from "vitest";
import { flagsFor } from "./flags.js";

it("hands on the flags by which modules are read, and none that are for one program alone", () => {
  const kept = ["--conditions=msrl-source", "--import", "tsx", "-r", "./setup.cjs"];
  const own = [
    "--input-type=module",
    "--inspect-brk=9229",
    "--inspect",
    "--watch-path=src",
    "--eval",
    "code",
    "-p",
    "1",
  ];
  expect(flagsFor([...kept, ...own])).toEqual(kept);
  expect(flagsFor([])).toEqual([]);
});
