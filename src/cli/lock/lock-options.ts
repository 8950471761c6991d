/** A flag of `ldlm-lock`. */
export interface LockFlag {
  readonly short?: string;
  /** What its value is called in the help; absent for a flag that is given or not. */
  readonly value?: string;
  readonly help: string;
}

/** Flags that all commands take: where the server is, and how to get in. */
export const connectionFlags = {
  socket: { short: 's', value: 'path', help: "The server's IPC socket [LDLM_IPC_SOCKET_FILE]" },
  address: {
    value: 'host:port',
    help: 'Servers with --remote_admin, such as a:3144,b:3144, in place of the socket: the first that listens is asked',
  },
  tls: { help: 'Use TLS; implied by the flags below' },
  ca: { value: 'file', help: "PEM file with the CA of the server's certificate" },
  cert: { value: 'file', help: 'PEM file with a client certificate' },
  key: { value: 'file', help: 'PEM file with its private key' },
  server_name: { value: 'name', help: "Name in the server's certificate, if it is not that of the address" },
  skip_verify: { help: "Do not verify the server's certificate" },
  password: { value: 'text', help: 'Password of the server [LDLM_PASSWORD]; others can see it in ps' },
  password_file: { value: 'file', help: 'File with the password in its first line' },
} as const satisfies Record<string, LockFlag>;

/** Flags of single commands. */
export const commandFlags = {
  json: { help: 'Print JSON, one object a line' },
  waiters: { help: 'List who waits, too' },
  all: { help: 'Release all who hold the lock' },
} as const satisfies Record<string, LockFlag>;

export const programFlags = {
  help: { short: 'h', help: 'Print this text' },
  version: { help: 'Print the version' },
} as const satisfies Record<string, LockFlag>;

export interface LockCommand {
  readonly help: string;
  /** Words behind the command, in order; names in brackets may be left out. */
  readonly words: readonly string[];
  readonly flags: readonly (keyof typeof commandFlags)[];
}

export const lockCommands = {
  unlock: { help: 'Release a lock, whoever holds it', words: ['<lock-name>', '[key]'], flags: ['all'] },
  list: { help: 'List the locks that are held', words: ['[prefix]'], flags: ['json', 'waiters'] },
  watch: { help: 'Print what happens to locks as it happens', words: ['[prefix]'], flags: ['json'] },
  info: { help: 'Print what the server says of itself', words: [], flags: ['json'] },
} as const satisfies Record<string, LockCommand>;

export type CommandName = keyof typeof lockCommands;

export type FlagName = keyof typeof connectionFlags | keyof typeof commandFlags | keyof typeof programFlags;

export const allFlags: Readonly<Record<FlagName, LockFlag>> = {
  ...connectionFlags,
  ...commandFlags,
  ...programFlags,
};
