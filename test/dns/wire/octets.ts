/** Messages written by hand: hex digits, and labels or character-strings as 'text', which puts their length in front. */
export function octets(...parts: readonly string[]): Buffer {
  const tokens = parts.join(" ").match(/'[^']*'|[0-9a-f]{2}|\S/gi) ?? [];
  return Buffer.concat(tokens.map(octetsOfToken));
}

function octetsOfToken(token: string): Buffer {
  if (token.startsWith("'"))
    return Buffer.from(String.fromCharCode(token.length - 2) + token.slice(1, -1), "latin1");
  if (/^[0-9a-f]{2}$/i.test(token)) return Buffer.from(token, "hex");
  throw new Error(`neither hex nor 'text': ${token}`);
}
