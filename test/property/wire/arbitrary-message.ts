import fc from "fast-check";
import { bytesToAddress } from "../../../src/dns/wire/address.ts";
import { extendedErrorOption } from "../../../src/dns/wire/ede.ts";
import type { Edns, EdnsOption, Message } from "../../../src/dns/wire/message.ts";
import { maxNameOctets, type Name, octetsOf } from "../../../src/dns/wire/name.ts";
import type { RecordData, ResourceRecord } from "../../../src/dns/wire/record.ts";

/** What messages are made of: everything that is legal, or only what another implementation gets right. */
interface Alphabet {
  readonly label: fc.Arbitrary<string>;
  readonly string: fc.Arbitrary<string>;
  readonly ipv6: fc.Arbitrary<string>;
  readonly option: fc.Arbitrary<EdnsOption>;
  readonly maxRcode: number;
}

/** Objects as literals make them, with the usual prototype. */
function recordOf<T>(fields: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> {
  return fc.record(fields, { noNullPrototype: true });
}

const uint16 = fc.integer({ min: 0, max: 0xffff });
const uint31 = fc.integer({ min: 0, max: 0x7fffffff });
const uint32 = fc.integer({ min: 0, max: 0xffffffff });
const octet = fc.integer({ min: 0, max: 255 });
const latin1 = (minLength: number, maxLength: number) =>
  fc.string({ unit: octet.map(code => String.fromCharCode(code)), minLength, maxLength });
const bytes = (maxLength: number) => fc.uint8Array({ maxLength });
const address = (length: number) =>
  fc.oneof(
    fc.uint8Array({ minLength: length, maxLength: length }),
    fc
      .array(fc.constantFrom(0, 0, 1, 255), { minLength: length, maxLength: length })
      .map(octets => Uint8Array.from(octets)),
  );
/** Few and short, so that names share suffixes, also ones that differ in case only. */
const commonLabel = fc.constantFrom("a", "b", "A", "web", "Web", "svc", "cluster", "local");

const everything: Alphabet = {
  label: fc.oneof({ weight: 4, arbitrary: commonLabel }, { weight: 1, arbitrary: latin1(1, 63) }),
  string: latin1(0, 255),
  ipv6: address(16).map(bytesToAddress),
  option: recordOf({ code: uint16, data: bytes(40) }),
  maxRcode: 0xfff,
};

/**
 * dns2: dots in labels are lost, letter case follows the first spelling, strings are UTF-8, of the options only EDE
 * survives, and the upper half of the rcodes is taken for a TTL that is too large.
 */
const ofDns2: Alphabet = {
  label: fc.constantFrom("a", "b", "web", "svc", "cluster", "local", "_tcp", "x-1", "z".repeat(63)),
  string: fc.string({ unit: "grapheme-ascii", maxLength: 255 }),
  ipv6: address(16)
    .map(bytesToAddress)
    .filter(text => !text.includes(".")),
  option: fc
    .tuple(uint16, fc.string({ maxLength: 20 }))
    .map(([code, text]) => extendedErrorOption(code, text)),
  maxRcode: 0x7ff,
};

function nameOf({ label }: Alphabet): fc.Arbitrary<Name> {
  return fc.array(label, { maxLength: 8 }).map(labels => {
    const name = [...labels];
    while (octetsOf(name) > maxNameOctets) name.pop();
    return name;
  });
}

function dataOf(alphabet: Alphabet, name: fc.Arbitrary<Name>): fc.Arbitrary<RecordData> {
  const type = <T extends string>(value: T) => fc.constant(value);
  return fc.oneof(
    recordOf({ type: type("A"), address: address(4).map(bytesToAddress) }),
    recordOf({ type: type("AAAA"), address: alphabet.ipv6 }),
    recordOf({ type: fc.constantFrom("NS" as const, "CNAME" as const, "PTR" as const), target: name }),
    recordOf({ type: type("SRV"), priority: uint16, weight: uint16, port: uint16, target: name }),
    recordOf({ type: type("MX"), preference: uint16, exchange: name }),
    recordOf({ type: type("TXT"), strings: fc.array(alphabet.string, { minLength: 1, maxLength: 4 }) }),
    recordOf({
      type: type("SOA"),
      primary: name,
      mailbox: name,
      serial: uint32,
      refreshSeconds: uint32,
      retrySeconds: uint32,
      expireSeconds: uint32,
      minimumSeconds: uint31,
    }),
    recordOf({ type: type("unknown"), code: fc.integer({ min: 65280, max: 65534 }), bytes: bytes(40) }),
  );
}

function messageOf(alphabet: Alphabet): fc.Arbitrary<Message> {
  const name = nameOf(alphabet);
  const records: fc.Arbitrary<ResourceRecord[]> = fc.array(
    recordOf({ name, class: uint16, ttlSeconds: uint31, data: dataOf(alphabet, name) }),
    { maxLength: 6 },
  );
  const edns: fc.Arbitrary<Edns> = recordOf({
    udpPayloadSizeBytes: uint16,
    version: octet,
    isDnssecOk: fc.boolean(),
    options: fc.array(alphabet.option, { maxLength: 3 }),
  });
  const fields = {
    id: uint16,
    isResponse: fc.boolean(),
    opcode: fc.integer({ min: 0, max: 15 }),
    isAuthoritative: fc.boolean(),
    isTruncated: fc.boolean(),
    recursionDesired: fc.boolean(),
    recursionAvailable: fc.boolean(),
    authenticData: fc.boolean(),
    checkingDisabled: fc.boolean(),
    questions: fc.array(recordOf({ name, type: uint16, class: uint16 }), { maxLength: 2 }),
    answers: records,
    authorities: records,
    additionals: records,
  };
  return fc.oneof(
    recordOf({ ...fields, rcode: fc.integer({ min: 0, max: 15 }), edns: fc.constant(undefined) }),
    recordOf({ ...fields, rcode: fc.integer({ min: 0, max: alphabet.maxRcode }), edns }),
  );
}

export const anyName = nameOf(everything);
export const anyMessage = messageOf(everything);
/** Within the limits in which dns2 3.1.1 is right. */
export const messageForDns2 = messageOf(ofDns2);
