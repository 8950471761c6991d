import type { Nodes } from '../nodes.ts';

/** What a node says of its maker, where nobody has said what: the address of the client, as with Curator. */
export class AddressData {
  #address = '';
  #bytes = Buffer.alloc(0);

  /** The same bytes for as long as the address is the same. Nobody may write to them. */
  of({ localAddress = '' }: Nodes): Uint8Array {
    if (localAddress !== this.#address) {
      this.#address = localAddress;
      this.#bytes = Buffer.from(localAddress);
    }
    return this.#bytes;
  }
}
