const dot = 0x2e;
const zero = 0x30;

/**
 * What an address is found by: the same for the same text, and for that alone. An IPv4 address becomes a whole number of
 * 32 bits, which takes no memory of its own; everything else stays the text it is.
 */
export function addressKey(address: string): string | number {
  return ipv4Key(address, 0, address.length) ?? address;
}

/** The key of the address from `start` to `end` of a text; undefined for all but IPv4. */
export function ipv4Key(text: string, start: number, end: number): number | undefined {
  let key = 0;
  let octet = 0;
  let digits = 0;
  let octets = 1;
  for (let index = start; index < end; index++) {
    const code = text.charCodeAt(index);
    if (code === dot) {
      if (digits === 0 || octets === 4) return undefined;
      key = (key << 8) | octet;
      octets++;
      octet = 0;
      digits = 0;
    } else {
      const digit = code - zero;
      // A leading zero is another spelling, and another text.
      if (digit < 0 || digit > 9 || (digits > 0 && octet === 0)) return undefined;
      octet = octet * 10 + digit;
      if (octet > 255) return undefined;
      digits++;
    }
  }
  return octets === 4 && digits > 0 ? (key << 8) | octet : undefined;
}
