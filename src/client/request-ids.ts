import { randomBytes } from 'node:crypto';

const PREFIX_BYTES = 10;
const ID_BYTES = 16;

/** Makes request ids that nobody else makes: random once, then counted, because random numbers cost a system call. */
export class RequestIds {
  readonly #prefix = randomBytes(PREFIX_BYTES);
  #next = 1;

  next(): Uint8Array {
    const id = Buffer.allocUnsafe(ID_BYTES);
    this.#prefix.copy(id);
    id.writeUIntBE(this.#next++, PREFIX_BYTES, ID_BYTES - PREFIX_BYTES);
    return id;
  }
}
