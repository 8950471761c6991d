import { LdlmServerError } from '../../contract/server-error.ts';

/** A command that could not be done. The message is what the program prints, which then exits with 1. */
export class CommandFailure extends LdlmServerError {
  constructor(message: string, options?: ErrorOptions) {
    super('LDLM_COMMAND_FAILED', message, options);
  }
}

/** The server has more to say than goes into one reply, or too much to do: less has to be asked for. */
export class ReplyTooLong extends CommandFailure {}
