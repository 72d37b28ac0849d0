/**
 * Where CoreDNS lets a brace on the wrong line pass. Its parser only counts braces; each plugin then reads its words line
 * by line, and some look no further than they have to. (Found by trying each with CoreDNS 1.13.1.)
 */

/**
 * Words that it takes any number of times, with any arguments. What follows a brace that is no option to it is one more of
 * the same directive, to no effect.
 */
const repeatedWords: ReadonlySet<string> = new Set([
  ...["acl", "any", "bufsize", "chaos", "debug", "dns64", "erratic", "health", "loadbalance", "local", "log"],
  ...["minimal", "reload", "whoami"],
]);

/** Whether words outside the braces of this directive are no error. */
export function toleratesMore(word: string): boolean {
  return repeatedWords.has(word);
}

/** Options of which it reads only as many words as it needs, or takes a `}` for one more name. */
const shortOptions: Readonly<Record<string, RegExp>> = {
  cache: /^disable$/,
  dns64: /./,
  erratic: /^large$/,
  errors: /^stacktrace$/,
  file: /./,
  forward: /^(?:except|expire|max_concurrent|max_connect_attempts|max_fails|policy|tls_servername)$/,
  hosts: /^(?!reload$)/,
  k8s_external: /^(?:fallthrough|headless)$/,
  kubernetes: /^(?:endpoint|fallthrough|ignore|namespaces|ttl)$/,
  rewrite: /./,
  template: /^(?!ederror$)/,
};

/** Whether the closing brace may stand on the line of this option. */
export function toleratesClosing(directive: string, option: string): boolean {
  return Object.hasOwn(shortOptions, directive) && shortOptions[directive]?.test(option) === true;
}
