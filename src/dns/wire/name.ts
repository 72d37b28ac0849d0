/**
 * Domain names (RFC 1035 §3.1, §4.1.4; presentation form RFC 1035 §5.1 and RFC 4343 §2.1).
 *
 * A name is its labels, leftmost first, without the root; the root is the empty list. Each label is a string
 * whose character codes are the label's octets (Latin-1), so any octet survives and letter case is kept.
 */
export type Name = readonly string[];
