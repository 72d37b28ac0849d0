/** The part of the README that the DNS bench writes: between two marks, which nobody has to write by hand. */

export const beginMark = "<!-- written by npm run bench -- dns --write-readme -->";
export const endMark = "<!-- end of what the bench has written -->";

/** The README with the part replaced. Throws when it has no place for it. */
export function withFigures(readme: string, part: string): string {
  const begin = readme.indexOf(beginMark);
  const end = readme.indexOf(endMark);
  if (begin < 0 || end < begin) throw new Error(`the README has no ${beginMark} and ${endMark}`);
  return `${readme.slice(0, begin + beginMark.length)}\n\n${part}\n\n${readme.slice(end)}`;
}
