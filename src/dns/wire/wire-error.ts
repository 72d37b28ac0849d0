/** The one error of this folder: octets or values that are not a DNS message, name, record or address. */

/**
 * | code             | cause                                                                                       |
 * |------------------|---------------------------------------------------------------------------------------------|
 * | SHORT_HEADER     | fewer than the twelve octets of a header: nothing can be answered                           |
 * | TRUNCATED        | the message ends before what its counts and lengths announce                                |
 * | BAD_LABEL        | a label that is empty, over 63 octets or of a reserved kind, or text with a broken escape   |
 * | BAD_POINTER      | a compression pointer that does not lead to an earlier name, or too many of them            |
 * | NAME_TOO_LONG    | a name over 255 octets                                                                      |
 * | BAD_ADDRESS      | text that is not an IP address, or octets that are not 4 or 16                              |
 * | BAD_RDATA        | record data that does not have the form of its type                                         |
 * | BAD_OPT          | an OPT record that is repeated, in the wrong section or not at the root; RFC 6891 §6.1.1    |
 * | OUT_OF_RANGE     | a value that does not fit its field                                                         |
 * | NOT_A_REPLY      | a query, or not one question, where a reply was expected                                    |
 * | MESSAGE_TOO_LONG | header, questions and OPT alone exceed the size allowed                                     |
 *
 * A server answers FORMERR to every code that decoding throws, except SHORT_HEADER.
 */
export type WireErrorCode =
  | "SHORT_HEADER"
  | "TRUNCATED"
  | "BAD_LABEL"
  | "BAD_POINTER"
  | "NAME_TOO_LONG"
  | "BAD_ADDRESS"
  | "BAD_RDATA"
  | "BAD_OPT"
  | "OUT_OF_RANGE"
  | "NOT_A_REPLY"
  | "MESSAGE_TOO_LONG";

export class WireError extends Error {
  override readonly name = "WireError";
  readonly code: WireErrorCode;

  constructor(code: WireErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
