/** In which form the shard encodes a reply: as finished HTTP/2 frames, or as the bare protobuf message (REST, tests), or as what an inspection asked for. */
export const ReplyForm = { GrpcFrames: 1, Protobuf: 2, Inspection: 3 } as const;

export type ReplyForm = (typeof ReplyForm)[keyof typeof ReplyForm];
