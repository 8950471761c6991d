/**
 * The base of every error that this package throws on purpose. `code` is stable across releases;
 * `message` is written for the person who has to mend the cause.
 */
export class LdlmServerError extends Error {
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}
