import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { captionFlaws } from "./captionFlaws.js";

const caption = (text: string, truncated = false) => ({ text, tokens: { prompt: 0, completion: 0 }, truncated });
const flaws = (text: string) => captionFlaws()(caption(text));

describe("captionFlaws", () => {
  it.each([
    "A red fox sits below a blue rose.",
    "A sign with the letter A and, below it, a smaller B.",
    "A man choosing a better seat; the second one is taken.",
    "Image 1 shows a cat, image 2 a dog.",
    "The first picture on the wall is a ship.",
    "A bottle of vitamin B is next to a box.",
    "A person answers a phone. Two options on a menu: fries or salad.",
    'A boy says "I can\'t see" in a speech bubble.',
    "There is no image on the screen of the television, only snow.",
    "I see two foxes.",
    "Sorry is written on the board.",
    "The option to pay is a button; answering it is one person.",
    "A big cat is better lit than the dog.",
    "Grade A beef prefers a cold shelf",
    "The answer is a fox.",
    "7",
  ])("finds nothing in: %s", (text) => expect(flaws(text)).toEqual([]));

  it.each([
    "Response A shows a fox.",
    "a fox; option (B) fits",
    "answer A",
    "Answer: B",
    "The answer is B.",
    "Candidate 2 is a ship.",
    "The second response is a ship.",
    "A fox. A is better.",
    "B looks much worse than the other",
    "Image 2 is clearly better.",
    "the first image looks worse",
    "The second is the best.",
    "I would prefer B.",
    "We choose image A",
    "so A wins",
    "A > B",
    "<answer>the fox</answer>",
    "[[A]]",
    "so \\boxed{B}",
    "label: B",
    "The winner is A",
    "**B**",
    "the better answer has a fox",
  ])("finds a leak in: %s", (text) => expect(flaws(text)).toEqual(["leaksLabel"]));

  it.each([
    "I cannot describe this image.",
    "I can’t help with that.",
    "I'm sorry, but I can't assist with that request.",
    "Sorry, I am not sure.",
    "I am unable to view images.",
    "I don't have the ability to see.",
    "As an AI language model, I have no eyes.",
    "No image was provided.",
    "There is no image attached.",
    "Please upload the image.",
    "> I apologize for that",
    "抱歉，我无法描述",
  ])("finds a refusal in: %s", (text) => expect(flaws(text)).toEqual(["refused"]));

  it.each(["", "  \n", "...", "<>", "—"])("finds emptiness in: %j", (text) => expect(flaws(text)).toEqual(["empty"]));

  it("believes the captioner that a caption was cut off", () => {
    expect(captionFlaws()(caption("A fox on a", true))).toEqual(["truncated"]);
    expect(captionFlaws()(caption("", true))).toEqual(["empty", "truncated"]);
  });

  it("takes more patterns, and ids as whole words", () => {
    const more = captionFlaws({ ids: ["r1", "a.b"], leaks: [/fox/g], refusals: [/^nope/] });
    const of = (text: string) => more(caption(text));
    expect([of("of r1."), of("of r12"), of("axb"), of("a.b"), of("nope")]).toEqual([
      ["leaksLabel"],
      [],
      [],
      ["leaksLabel"],
      ["refused"],
    ]);
    expect([of("a fox"), of("a fox")]).toEqual([["leaksLabel"], ["leaksLabel"]]); // a global pattern has no memory
  });

  it("takes any text, and any id", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), fc.string({ unit: "binary" }), (text, id) => {
        expect(captionFlaws({ ids: [id] })(caption(text)).length).toBeLessThanOrEqual(4);
      }),
    );
  });

  it.each(["the answer is the first option and the ", "A is ", " ", "A is clearly ", "\n\t<", "answer - ("])(
    "takes linear time on a million characters of %j",
    (part) => expect(flaws(part.repeat(Math.ceil(1e6 / part.length)))).not.toContain("refused"),
  );
});
