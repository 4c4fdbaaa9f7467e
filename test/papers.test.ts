import { readFileSync } from "node:fs";
import * as advantages from "@msrl/core/advantages";
import * as kl from "@msrl/core/kl";
import * as losses from "@msrl/core/losses";
import * as optim from "@msrl/core/optim";
import { describe, expect, it } from "vitest";

/** Cells of the page's table, row by row, its head left out. */
const rows = readFileSync(new URL("../docs/papers.md", import.meta.url), "utf8")
  .split("\n")
  .filter((line) => line.startsWith("| "))
  .slice(2)
  .map((line) => line.slice(1, -1).split(/(?<!\\)\|/));

/** Every word in code of the cells that say where a method is. */
const named = new Set(
  rows.flatMap(([, where]) =>
    [...where!.matchAll(/`([^`]+)`/g)].flatMap(([, code]) => code!.match(/[A-Za-z]\w*/g) ?? []),
  ),
);

const methods = (module: object): readonly string[] =>
  Object.entries(module).flatMap(([name, value]) => (typeof value === "function" ? [name] : []));

describe("docs/papers.md", () => {
  it.each(
    Object.entries({ advantages, kl, losses, optim }).flatMap(([part, module]) =>
      methods(module).map((name) => [part, name] as const),
    ),
  )("has a row of @msrl/core/%s %s", (_, name) => {
    expect(named).toContain(name);
  });

  it("says of every row what it is, where, and by which formula", () => {
    expect(rows.length).toBeGreaterThan(60);
    for (const cells of rows) {
      expect(cells.length, cells[0]).toBe(5);
      for (const cell of cells.slice(0, 3)) expect(cell.trim(), cells[0]).not.toBe("");
    }
  });
});
