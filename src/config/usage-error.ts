import { LdlmServerError } from '../contract/server-error.ts';

/** A command line that cannot be understood or holds a value that cannot be used. */
export class UsageError extends LdlmServerError {
  constructor(message: string, options?: ErrorOptions) {
    super('LDLM_USAGE', message, options);
  }
}
