/** Text that is HTML already: made by {@link html} alone, from escaped parts. */
export interface Markup {
  readonly markup: string;
}

/** What can stand in a template: markup as it is, text and numbers escaped, lists one after another, the rest as nothing. */
export type Content = Markup | string | number | undefined | false | readonly Content[];

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Text that means itself inside HTML, in quoted attributes too; control characters become a replacement character. */
export const escapeHtml = (text: string): string =>
  text.replace(/[^\P{Cc}\n\t]/gu, "\ufffd").replace(/[&<>"']/g, (character) => entities[character]!);

const written = (content: Content): string => {
  if (content === undefined || content === false) return "";
  if (typeof content === "string" || typeof content === "number") return escapeHtml(String(content));
  return "markup" in content ? content.markup : content.map(written).join("");
};

/** Tagged template for HTML in which everything interpolated is escaped unless it is markup itself. */
export const html = (strings: TemplateStringsArray, ...contents: readonly Content[]): Markup => ({
  markup: strings.map((part, at) => part + written(contents[at])).join(""),
});
