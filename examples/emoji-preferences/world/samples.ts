import { fold, type Key, type Label, type Media, type PreferenceSample } from "@msrl/core";
import { drawImage, drawVideo } from "./media.js";
import type { Generation, Scene, Understanding } from "./scenes.js";
import { type Fact, tell } from "./slots.js";
import type { Sprites } from "./sprites.js";

const captionOf = (facts: readonly Fact[]): string => facts.map(tell).join(" ");

/** The caption of a generated side: the letter before every fact, so that a look-up finds its side. */
const sideCaptionOf = (facts: readonly Fact[], letter: Label): string =>
  facts.map((fact) => `${letter} ${tell(fact)}`).join(" ");

const draw = (task: Scene["task"], sprites: Sprites, facts: readonly Fact[], caption: string, from: Key): Media =>
  (task.startsWith("image") ? drawImage : drawVideo)(sprites, facts, caption, from);

const understandingSample = (id: string, scene: Understanding, sprites: Sprites, from: Key): PreferenceSample => {
  const { task, facts, asked, wrong, label } = scene;
  const story = task === "text" ? `story ${facts.map((fact) => `${tell(fact)} ,`).join(" ")} ` : "";
  return {
    id,
    task,
    query: `${story}question what ${asked.slot}`,
    context: task === "text" ? [] : [draw(task, sprites, facts, captionOf(facts), from)],
    responses: label === "A" ? [asked.object, wrong] : [wrong, asked.object],
    label,
  };
};

const generationSample = (id: string, scene: Generation, sprites: Sprites, from: Key): PreferenceSample => {
  const side = (at: 0 | 1, letter: Label): Media =>
    draw(scene.task, sprites, scene.sides[at], sideCaptionOf(scene.sides[at], letter), fold(from, at));
  return {
    id,
    task: scene.task,
    query: `order ${captionOf(scene.order)}`,
    context: [],
    responses: [side(0, "A"), side(1, "B")],
    label: scene.label,
  };
};

/** The preference sample of a scene, its media drawn and captioned. */
export const toSample = (id: string, scene: Scene, sprites: Sprites, from: Key): PreferenceSample =>
  "order" in scene ? generationSample(id, scene, sprites, from) : understandingSample(id, scene, sprites, from);

/** What makes two scenes the same question: all they say, whichever side is A. */
export const contentOf = (scene: Scene): string =>
  "order" in scene
    ? [scene.task, captionOf(scene.order), ...scene.sides.map(captionOf).sort()].join(" | ")
    : [scene.task, ...scene.facts.map(tell).sort(), scene.asked.slot, scene.wrong].join(" | ");
