/** Cells of an image, in the order of its captions. */
export const imageSlots = ["northwest", "northeast", "southwest", "southeast"] as const;

/** Frames of a video, in time. */
export const videoSlots = ["first", "second", "third"] as const;

/** Places of a story: times are never among them. */
export const textSlots = [...imageSlots, "kitchen", "garden", "attic", "cellar"] as const;

const allSlots: ReadonlySet<string> = new Set([...textSlots, ...videoSlots]);

/** What is where: `northeast lemon`. */
export interface Fact {
  readonly slot: string;
  readonly object: string;
}

/** The facts that a caption, a story or an order states: every slot word with the word behind it. */
export const readFacts = (words: string): readonly Fact[] => {
  const list = words.split(" ");
  return list.flatMap((slot, at) => {
    const object = list[at + 1];
    return allSlots.has(slot) && object !== undefined ? [{ slot, object }] : [];
  });
};

/** A fact in words. */
export const tell = (fact: Fact): string => `${fact.slot} ${fact.object}`;
