import { LdlmServerError } from '../contract/server-error.ts';

/** An option whose value cannot be used. The message names the option, the value and what is allowed. */
export class ConfigError extends LdlmServerError {
  constructor(message: string, options?: ErrorOptions) {
    super('LDLM_CONFIG_INVALID', message, options);
  }
}
