import { tagOf, WireType } from './field.ts';

/** The tags of the fields of LDLM's requests, by their names in protos/ldlm.proto. The four requests share them. */
export const RequestTag = {
  Name: tagOf(1, WireType.Bytes),
  Key: tagOf(2, WireType.Bytes),
  WaitTimeoutSeconds: tagOf(3, WireType.Varint),
  Size: tagOf(4, WireType.Varint),
  LockTimeoutSeconds: tagOf(100, WireType.Varint),
  Permits: tagOf(1000, WireType.Varint),
  Mode: tagOf(1001, WireType.Varint),
  LockTimeoutMs: tagOf(1002, WireType.Varint),
  WaitTimeoutMs: tagOf(1003, WireType.Varint),
  RequestId: tagOf(1005, WireType.Bytes),
  Holder: tagOf(1006, WireType.Bytes),
} as const;
