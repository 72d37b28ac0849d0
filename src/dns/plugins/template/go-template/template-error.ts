/**
 * The one error of this folder.
 *
 * | kind        | meaning                                                                  |
 * |-------------|--------------------------------------------------------------------------|
 * | syntax      | no template: CoreDNS would not start with it                             |
 * | not-offered | a template that this server cannot run, although CoreDNS can             |
 * | failure     | the template cannot be run on what it is given; CoreDNS could not either |
 */
export class TemplateError extends Error {
  override readonly name = "TemplateError";
  readonly kind: "syntax" | "not-offered" | "failure";

  constructor(kind: TemplateError["kind"], message: string) {
    super(message);
    this.kind = kind;
  }
}
