import { Field, readField, WireType } from '../../protocol/protobuf/field.ts';
import { ProtoFilesError } from './proto-files.ts';

/** What a symbol names. A member is a field, a oneof, an enum value or a method. */
export type SymbolKind = 'message' | 'enum' | 'service' | 'member';

/** A .proto file as protoc has compiled it. */
export interface DescriptorFile {
  /** As other files import it. */
  readonly name: string;
  /** The serialised `google.protobuf.FileDescriptorProto`. */
  readonly bytes: Buffer;
  /** The names of the files that it imports. */
  readonly imports: readonly string[];
  /** Everything that it declares, by full name. */
  readonly symbols: ReadonlyMap<string, SymbolKind>;
}

/**
 * The field numbers under which declarations stand in one another.
 * Source: https://github.com/protocolbuffers/protobuf/blob/main/src/google/protobuf/descriptor.proto
 */
const FileField = { name: 1, package: 2, dependency: 3 } as const;
const FILE_CONTENTS = new Map<number, SymbolKind>([
  [4, 'message'],
  [5, 'enum'],
  [6, 'service'],
]);
const CONTENTS: Readonly<Record<SymbolKind, ReadonlyMap<number, SymbolKind>>> = {
  message: new Map([
    [2, 'member'],
    [3, 'message'],
    [4, 'enum'],
    [8, 'member'],
  ]),
  enum: new Map([[2, 'member']]),
  service: new Map([[2, 'member']]),
  member: new Map(),
};

/**
 * Takes a `google.protobuf.FileDescriptorSet`, which protoc writes, apart. The files' bytes stay as they are: to
 * decode and encode them anew could lose what the decoder does not know.
 *
 * @throws ProtoFilesError when it is malformed.
 */
export function readDescriptorSet(set: Buffer): DescriptorFile[] {
  return readNested(set).map(({ bytes }) => readFile(bytes));
}

function readFile(bytes: Buffer): DescriptorFile {
  const fields = readNested(bytes);
  const texts = (fieldNumber: number) =>
    fields.filter((field) => field.number === fieldNumber).map((field) => field.bytes.toString('utf8'));
  const symbols = new Map<string, SymbolKind>();
  collect(fields, FILE_CONTENTS, texts(FileField.package)[0] ?? '', symbols);
  return { name: texts(FileField.name)[0] ?? '', bytes, imports: texts(FileField.dependency), symbols };
}

/** Adds what stands in `fields`, and in that, to `symbols`. */
function collect(
  fields: readonly NestedField[],
  contents: ReadonlyMap<number, SymbolKind>,
  scope: string,
  symbols: Map<string, SymbolKind>,
): void {
  for (const { number, bytes } of fields) {
    const kind = contents.get(number);
    if (kind === undefined) continue;
    const inner = readNested(bytes);
    // Whatever is declared has its name in field 1.
    const name = inner.find((field) => field.number === 1)?.bytes.toString('utf8') ?? '';
    const fullName = scope === '' ? name : `${scope}.${name}`;
    symbols.set(fullName, kind);
    // The values of an enum are siblings of the enum, not members.
    collect(inner, CONTENTS[kind], kind === 'enum' ? scope : fullName, symbols);
  }
}

interface NestedField {
  readonly number: number;
  readonly bytes: Buffer;
}

/** The fields of a message that are texts or messages. */
function readNested(message: Buffer): NestedField[] {
  const nested: NestedField[] = [];
  const field = new Field();
  let position = 0;
  while (position < message.length) {
    position = readField(message, position, message.length, field);
    if (position < 0) throw new ProtoFilesError('the descriptors of the .proto files are malformed');
    if ((field.tag & 7) !== WireType.Bytes) continue;
    nested.push({ number: field.tag >>> 3, bytes: message.subarray(field.start, field.end) });
  }
  return nested;
}
